using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>Passes all messages on to the singleton, wherever it runs, with their senders; keeps some while it runs nowhere.</summary>
public sealed class ClusterSingletonProxy : ReceiveActor, IWithTimers
{
    /// <summary>A singleton that moves is back within milliseconds as a rule.</summary>
    private static readonly TimeSpan FirstLookAgainAfter = TimeSpan.FromMilliseconds(20);

    private readonly Queue<(object Message, IActorRef Sender)> _buffer = [];
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly string[] _singletonPath;
    private readonly ClusterSingletonProxySettings _settings;
    private readonly MembersByAge _members;
    private Member? _oldest;
    private ITimerScheduler _timers = null!;
    private IActorRef? _singleton;
    private TimeSpan _lookAgainAfter = FirstLookAgainAfter;

    /// <summary>Numbers what is looked for: answers to earlier questions don't count.</summary>
    private long _search;

    public ClusterSingletonProxy(string singletonManagerPath, ClusterSingletonProxySettings settings)
    {
        _singletonPath = [.. singletonManagerPath.Split('/', StringSplitOptions.RemoveEmptyEntries), settings.SingletonName];
        _settings = settings;
        _members = new MembersByAge(settings.Role);

        Receive<ClusterEvent.CurrentClusterState>(state =>
        {
            _members.Set(state.Members);
            FollowOldest();
        });
        Receive<ClusterEvent.IMemberEvent>(change =>
        {
            _members.Apply(change);
            FollowOldest();
        });
        Receive<ActorIdentity>(OnFound, identity => identity.MessageId is long search && search == _search);
        Receive<ActorIdentity>(_ => { });
        Receive<Terminated>(
            _ =>
            {
                _singleton = null;
                BeginSearch();
            },
            terminated => terminated.ActorRef.Equals(_singleton));
        Receive<Terminated>(_ => { });
        Receive<LookAgain>(_ => Look());
        ReceiveAny(PassOn);
    }

    ITimerScheduler IWithTimers.Timers
    {
        get => _timers;
        set => _timers = value;
    }

    /// <summary>The defaults of all settings of singletons.</summary>
    public static Config DefaultConfig() => SingletonSupport.Default;

    /// <param name="singletonManagerPath">The manager's path without its node: <c>/user/name</c>.</param>
    /// <param name="settings">Name and role as the manager has them.</param>
    public static Props Props(string singletonManagerPath, ClusterSingletonProxySettings settings) =>
        Actor.Props.Create(() => new ClusterSingletonProxy(singletonManagerPath, settings));

    protected override void PreStart() => _cluster.Subscribe(Self, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void FollowOldest()
    {
        Member? oldest = _members.Oldest;
        if (oldest != _oldest)
        {
            _oldest = oldest;
            if (_singleton is not null)
            {
                Context.Unwatch(_singleton);
                _singleton = null;
            }

            BeginSearch();
        }
    }

    private void BeginSearch()
    {
        _search++;
        _lookAgainAfter = FirstLookAgainAfter;
        Look();
    }

    private void Look()
    {
        if (_oldest is null || _singleton is not null)
        {
            return;
        }

        ActorPath path = _singletonPath.Aggregate<string, ActorPath>(new RootActorPath(_oldest.Address), (path, element) => path / element);
        Context.ActorSelection(path).Tell(new Identify(_search));
        _timers.StartSingleTimer(LookAgain.Instance, LookAgain.Instance, _lookAgainAfter);
        TimeSpan twice = 2 * _lookAgainAfter;
        _lookAgainAfter = twice < _settings.SingletonIdentificationInterval ? twice : _settings.SingletonIdentificationInterval;
    }

    private void OnFound(ActorIdentity identity)
    {
        if (identity.Subject is not { } singleton || _singleton is not null)
        {
            return;
        }

        _log.Debug("Singleton identified at [{0}]", singleton.Path);
        _timers.Cancel(LookAgain.Instance);
        _singleton = Context.Watch(singleton);
        while (_buffer.TryDequeue(out (object Message, IActorRef Sender) waiting))
        {
            singleton.Tell(waiting.Message, waiting.Sender);
        }
    }

    private void PassOn(object message)
    {
        if (_singleton is not null)
        {
            _singleton.Tell(message, Sender);
            return;
        }

        _buffer.Enqueue((message, Sender));
        if (_buffer.Count > _settings.BufferSize)
        {
            (object dropped, IActorRef sender) = _buffer.Dequeue();
            Context.System.DeadLetters.Tell(new DeadLetter(dropped, sender, Self), sender);
        }
    }

    private sealed class LookAgain
    {
        public static readonly LookAgain Instance = new();
    }
}
