using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>
/// Runs on all nodes of the role, and its singleton, a child, on the oldest of them alone. Who exits stops it first; the next one starts it when all who
/// may have had it before have said so, or are removed.
/// </summary>
public sealed class ClusterSingletonManager : ReceiveActor, IWithTimers
{
    private readonly TaskCompletionSource<Done> _handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<IActorRef> _waitingForEnd = [];
    private readonly HashSet<UniqueAddress> _confirmed = [];
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Props _singletonProps;
    private readonly object _terminationMessage;
    private readonly ClusterSingletonManagerSettings _settings;
    private readonly MembersByAge _members;
    private ITimerScheduler _timers = null!;
    private IActorRef? _singleton;
    private Phase _phase = Phase.Younger;

    public ClusterSingletonManager(Props singletonProps, object terminationMessage, ClusterSingletonManagerSettings settings)
    {
        if (settings.Role is { } role && !_cluster.SelfRoles.Contains(role))
        {
            throw new ArgumentException($"This cluster member [{_cluster.SelfAddress}] doesn't have the role [{role}]", nameof(settings));
        }

        SingletonSupport.Install(Context.System);
        _singletonProps = singletonProps;
        _terminationMessage = terminationMessage;
        _settings = settings;
        _members = new MembersByAge(settings.Role);

        Receive<ClusterEvent.CurrentClusterState>(state =>
        {
            _members.Set(state.Members);
            Decide();
        });
        Receive<ClusterEvent.IMemberEvent>(OnChange);
        Receive<HandOverToMe>(_ => OnHandOverToMe());
        Receive<HandOverDone>(_ => OnHandOverDone());
        Receive<Terminated>(terminated => OnTerminated(terminated.ActorRef));
        Receive<Tick>(_ => Decide());
        Receive<SelfRemoved>(_ => Context.Stop(Self));
    }

    ITimerScheduler IWithTimers.Timers
    {
        get => _timers;
        set => _timers = value;
    }

    /// <summary>The defaults of all settings of singletons.</summary>
    public static Config DefaultConfig() => SingletonSupport.Default;

    /// <summary>As the other one; the singleton is stopped by a <see cref="PoisonPill"/>.</summary>
    public static Props Props(Props singletonProps, ClusterSingletonManagerSettings settings) => Props(singletonProps, PoisonPill.Instance, settings);

    /// <param name="singletonProps">How to make the singleton.</param>
    /// <param name="terminationMessage">What the singleton is sent for its end; it stops itself, in its own time.</param>
    /// <param name="settings">The same on all nodes.</param>
    public static Props Props(Props singletonProps, object terminationMessage, ClusterSingletonManagerSettings settings) =>
        Actor.Props.Create(() => new ClusterSingletonManager(singletonProps, terminationMessage, settings));

    protected override void PreStart()
    {
        IActorRef self = Self;
        _cluster.Subscribe(self, typeof(ClusterEvent.IMemberEvent));
        _cluster.RegisterOnMemberRemoved(() => self.Tell(SelfRemoved.Instance, ActorRefs.NoSender));
        CoordinatedShutdown.Get(Context.System).AddTask(CoordinatedShutdown.PhaseClusterExiting, $"wait-singleton-exiting {self.Path.Name}", HandedOverAsync);
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        _handedOver.TrySetResult(Done.Instance);
    }

    private Task<Done> HandedOverAsync() =>
        _cluster.IsTerminated || _cluster.SelfMember.Status is MemberStatus.Removed or MemberStatus.Down ? Task.FromResult(Done.Instance) : _handedOver.Task;

    private void OnChange(ClusterEvent.IMemberEvent change)
    {
        Member? self = _members.Find(_cluster.SelfUniqueAddress);
        _members.Apply(change);
        if (change is ClusterEvent.MemberRemoved { PreviousStatus: MemberStatus.Down } && _settings.RemovalMargin > TimeSpan.Zero
            && self is not null && change.Member.IsOlderThan(self) && _phase == Phase.Younger)
        {
            _timers.StartSingleTimer(Tick.Margin, Tick.Margin, _settings.RemovalMargin);
        }

        Decide();
    }

    private void Decide()
    {
        Member? self = _members.Find(_cluster.SelfUniqueAddress);
        if (self is null)
        {
            return;
        }

        bool isGoing = self.Status is MemberStatus.Exiting or MemberStatus.Down;
        bool isOldest = _members.Oldest == self;
        if (_phase == Phase.Younger && isGoing)
        {
            Ended();
        }
        else if (_phase == Phase.Younger && isOldest)
        {
            StartIfNobodyElseHasIt(self);
        }
        else if (_phase == Phase.Oldest && !isOldest)
        {
            End();
        }
    }

    private void StartIfNobodyElseHasIt(Member self)
    {
        List<Member> before = [.. _members.GoingBefore(self).Where(member => !_confirmed.Contains(member.UniqueAddress))];
        foreach (Member member in before)
        {
            ManagerAt(member).Tell(HandOverToMe.Instance, Self);
        }

        if (before.Count > 0)
        {
            _timers.StartSingleTimer(Tick.Retry, Tick.Retry, _settings.HandOverRetryInterval);
        }
        else if (!_timers.IsTimerActive(Tick.Margin))
        {
            _log.Info("Singleton manager starting singleton actor [{0}]", Self.Path / _settings.SingletonName);
            _phase = Phase.Oldest;
            _singleton = Context.Watch(Context.ActorOf(_singletonProps, _settings.SingletonName));
        }
    }

    private void OnHandOverToMe()
    {
        if (_phase == Phase.Ended)
        {
            Sender.Tell(HandOverDone.Instance);
        }
        else
        {
            _waitingForEnd.Add(Sender);
        }
    }

    private void OnHandOverDone()
    {
        foreach (Member member in _members.GoingBefore(_cluster.SelfMember).Where(member => member.Address == Sender.Path.Address))
        {
            _confirmed.Add(member.UniqueAddress);
        }

        Decide();
    }

    private void End()
    {
        if (_singleton is null)
        {
            Ended();
            return;
        }

        _log.Info("Singleton manager stopping singleton actor [{0}]", _singleton.Path);
        _phase = Phase.Ending;
        _singleton.Tell(_terminationMessage);
    }

    private void OnTerminated(IActorRef stopped)
    {
        if (stopped.Equals(_singleton))
        {
            _log.Info("Singleton actor [{0}] was terminated", stopped.Path);
            _singleton = null;
            if (_phase == Phase.Ending)
            {
                Ended();
            }
        }
    }

    private void Ended()
    {
        _phase = Phase.Ended;
        foreach (IActorRef next in _waitingForEnd)
        {
            next.Tell(HandOverDone.Instance);
        }

        _waitingForEnd.Clear();
        _handedOver.TrySetResult(Done.Instance);
    }

    private ActorSelection ManagerAt(Member member) => Context.ActorSelection(
        Self.Path.Elements.Aggregate<string, ActorPath>(new RootActorPath(member.Address), (path, element) => path / element));

    private enum Phase
    {
        Younger,
        Oldest,
        Ending,
        Ended,
    }

    private enum Tick
    {
        Retry,
        Margin,
    }

    private sealed class SelfRemoved
    {
        public static readonly SelfRemoved Instance = new();
    }
}
