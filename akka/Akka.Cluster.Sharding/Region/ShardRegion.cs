using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>
/// A node's part in sharding: it has shards, and passes messages to the regions that have the others. Messages for shards whose home it does not know
/// it keeps until the coordinator has said where that is.
/// </summary>
public sealed partial class ShardRegion : ActorBase, IWithTimers
{
    private readonly Dictionary<string, IActorRef> _homes = [];
    private readonly Dictionary<string, IActorRef> _shards = [];
    private readonly Dictionary<IActorRef, string> _shardIds = [];
    private readonly HashSet<string> _stopping = [];
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly TroubleLog _troubles = new(Context.GetLogger(), TimeProvider.System);
    private readonly TaskCompletionSource<Done> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EntityKind _kind;
    private readonly bool _isProxy;
    private readonly string[] _coordinatorPath;
    private readonly ShardBuffers _buffers;
    private readonly MembersByAge _members;
    private readonly KnownNodes _nodes;
    private bool _isShuttingDown;
    private bool _mayStop;
    private bool _hasWaited;

    /// <param name="kind">What it has.</param>
    /// <param name="isProxy">It has no shards, and passes messages on.</param>
    /// <param name="coordinatorPath">The coordinator's path without its node.</param>
    internal ShardRegion(EntityKind kind, bool isProxy, string[] coordinatorPath)
    {
        _kind = kind;
        _isProxy = isProxy;
        _coordinatorPath = coordinatorPath;
        _buffers = new ShardBuffers(Tuning.BufferSize);
        _members = new MembersByAge(kind.Settings.Role);
        _nodes = new KnownNodes(_cluster);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private TuningParameters Tuning => _kind.Settings.TuningParameters;

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, typeof(ClusterEvent.IMemberEvent));
        Timers.StartPeriodicTimer(Tick.Retry, Tick.Retry, Tuning.RetryInterval);
        IActorRef self = Self;
        CoordinatedShutdown.Get(Context.System).AddTask(CoordinatedShutdown.PhaseClusterShardingShutdownRegion, $"region-shutdown {self.Path.Name}", () =>
        {
            if (_cluster.IsTerminated || _cluster.SelfMember.Status is MemberStatus.Removed or MemberStatus.Down)
            {
                return Task.FromResult(Done.Instance);
            }

            self.Tell(GracefulShutdown.Instance, ActorRefs.NoSender);
            return _stopped.Task;
        });
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        foreach (string shard in _buffers.Shards.ToArray())
        {
            foreach ((object message, IActorRef sender) in _buffers.Take(shard))
            {
                Drop(message, sender);
            }
        }

        _stopped.TrySetResult(Done.Instance);
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case ClusterEvent.CurrentClusterState or ClusterEvent.IMemberEvent:
                OnMembership(message);
                return true;
            case RegisterAck or ShardHome or HostShard or BeginHandOff or HandOff or GracefulShutdownAck:
                return OnCoordinator(message);
            case Terminated terminated:
                OnTerminated(terminated.ActorRef);
                return true;
            case GracefulShutdown:
                BeginShutdown();
                return true;
            case IShardRegionQuery query:
                OnQuery(query);
                return true;
            case Tick tick:
                OnTick(tick);
                return true;
            default:
                return DeliverToEntity(message);
        }
    }

    private bool DeliverToEntity(object message)
    {
        string? shard;
        try
        {
            shard = message is StartEntity start
                ? _kind.Extractor.ShardId(start.EntityId, start)
                : _kind.Extractor.EntityId(message) is { Length: > 0 } ? _kind.Extractor.ShardId(message) : null;
        }
        catch (Exception failure)
        {
            // A restart of the region would end all its entities for the sake of one message.
            _troubles.Tell(
                LogLevel.ErrorLevel, "extractor", message.GetType().ToString(), failure, "{0}: the message extractor failed for a {1}; it is dropped", _kind.TypeName, message.GetType());
            Drop(message, Sender);
            return true;
        }

        if (string.IsNullOrEmpty(shard))
        {
            return false;
        }

        Deliver(shard, message);
        return true;
    }

    private void Deliver(string shard, object message)
    {
        if (_homes.TryGetValue(shard, out IActorRef? home))
        {
            if (_nodes.HasNodeOf(home))
            {
                (home.Equals(Self) ? ShardAt(shard) : home).Tell(message, Sender);
                return;
            }

            ForgetRegion(home);
        }

        bool isFirst = !_buffers.Has(shard);
        if (!_buffers.TryAdd(shard, message, Sender))
        {
            _troubles.Tell(
                LogLevel.WarningLevel, "buffer", shard, null, "{0}: the buffer of {1} messages is full; a message for shard [{2}] is dropped", _kind.TypeName, Tuning.BufferSize, shard);
            Drop(message, Sender);
        }
        else if (isFirst)
        {
            AskFor(shard);
        }
    }

    private void Drop(object message, IActorRef sender) => Context.System.DeadLetters.Tell(new DeadLetter(message, sender, Self), sender);

    private void SetHome(string shard, IActorRef home)
    {
        _homes[shard] = home;
        IActorRef target = home.Equals(Self) ? ShardAt(shard) : Context.Watch(home);
        foreach ((object message, IActorRef sender) in _buffers.Take(shard))
        {
            target.Tell(message, sender);
        }
    }

    private IActorRef ShardAt(string shard)
    {
        if (!_shards.TryGetValue(shard, out IActorRef? actor))
        {
            EntityKind kind = _kind;
            actor = Context.Watch(Context.ActorOf(Props.Create(() => new Shard(shard, kind)), Uri.EscapeDataString(shard)));
            _shards.Add(shard, actor);
            _shardIds.Add(actor, shard);
        }

        return actor;
    }

    private void OnTerminated(IActorRef actor)
    {
        if (_shardIds.Remove(actor, out string? shard))
        {
            _shards.Remove(shard);
            _stopping.Remove(shard);
            if (_homes.TryGetValue(shard, out IActorRef? home) && home.Equals(Self))
            {
                _homes.Remove(shard);
            }

            _coordinator?.Tell(new ShardStopped(shard), Self);
            if (_buffers.Has(shard))
            {
                AskFor(shard);
            }
        }
        else if (actor.Equals(_coordinator))
        {
            LoseCoordinator();
        }
        else
        {
            ForgetRegion(actor);
        }

        StopIfDone();
    }

    private void ForgetRegion(IActorRef region)
    {
        foreach (string shard in _homes.Where(home => home.Value.Equals(region)).Select(home => home.Key).ToArray())
        {
            _homes.Remove(shard);
        }
    }

    private void BeginShutdown()
    {
        if (!_isShuttingDown)
        {
            _isShuttingDown = true;
            Timers.StartSingleTimer(Tick.WaitedEnough, Tick.WaitedEnough, 2 * Tuning.RetryInterval);
        }

        _coordinator?.Tell(GracefulShutdownReq.Instance, Self);
        StopIfDone();
    }

    /// <summary>When its shards have moved. What it keeps for others goes to them first, if there are any that take it: those that shut down as well do not, and then it waits in vain.</summary>
    private void StopIfDone()
    {
        if (_isShuttingDown && _shards.Count == 0 && (_hasWaited || (_mayStop && (_buffers.Count == 0 || !_members.HasOthersThan(_cluster.SelfUniqueAddress)))))
        {
            Context.Stop(Self);
        }
    }

    private enum Tick
    {
        Retry,
        Register,
        AskSoon,
        WaitedEnough,
    }

    /// <summary>Starts an entity that has no message yet, wherever it belongs; answered when it runs, also when it ran before.</summary>
    public sealed class StartEntity : IClusterShardingSerializable, IEquatable<StartEntity>
    {
        public readonly string EntityId;

        public StartEntity(string entityId) => EntityId = entityId;

        public bool Equals(StartEntity? other) => other is not null && EntityId == other.EntityId;

        public override bool Equals(object? obj) => Equals(obj as StartEntity);

        public override int GetHashCode() => EntityId.GetHashCode(StringComparison.Ordinal);

        public override string ToString() => $"StartEntity({EntityId})";
    }
}
