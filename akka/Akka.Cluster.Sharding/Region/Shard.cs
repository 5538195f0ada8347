using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>The entities of one shard, which are its children. An entity starts with its first message; one that ends starts again with the next.</summary>
internal sealed class Shard : ReceiveActor, IWithTimers
{
    private readonly Dictionary<string, IActorRef> _entities = [];
    private readonly Dictionary<IActorRef, string> _ids = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly string _shardId;
    private readonly EntityKind _kind;

    public Shard(string shardId, EntityKind kind)
    {
        _shardId = shardId;
        _kind = kind;

        Receive<ShardRegion.StartEntity>(start =>
        {
            EntityOf(start.EntityId);
            Sender.Tell(new StartEntityAck(start.EntityId, _shardId));
        });
        Receive<Terminated>(terminated => Forget(terminated.ActorRef));
        Receive<Stop>(_ => Become(Stopping));
        Receive<GetState>(_ => Sender.Tell(new ShardState(_shardId, [.. _entities.Keys])));
        ReceiveAny(Deliver);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void Stopping()
    {
        foreach (IActorRef entity in _entities.Values)
        {
            entity.Tell(_kind.HandOffStopMessage);
        }

        Timers.StartSingleTimer(StopNow.Instance, StopNow.Instance, _kind.Settings.TuningParameters.HandOffTimeout);
        Receive<Terminated>(terminated =>
        {
            Forget(terminated.ActorRef);
            StopIfEmpty();
        });
        Receive<StopNow>(_ =>
        {
            _log.Warning("{0} entities of shard [{1}] have not stopped in time, and are stopped", _entities.Count, _shardId);
            foreach (IActorRef entity in _entities.Values)
            {
                Context.Stop(entity);
            }
        });
        Receive<Stop>(_ => { });
        Receive<GetState>(_ => Sender.Tell(new ShardState(_shardId, [.. _entities.Keys])));
        StopIfEmpty();
    }

    private void StopIfEmpty()
    {
        if (_entities.Count == 0)
        {
            Context.Stop(Self);
        }
    }

    private void Deliver(object message)
    {
        if (_kind.Extractor.EntityId(message) is { Length: > 0 } id)
        {
            EntityOf(id).Tell(_kind.Extractor.EntityMessage(message), Sender);
        }
        else
        {
            Unhandled(message);
        }
    }

    private IActorRef EntityOf(string id)
    {
        if (!_entities.TryGetValue(id, out IActorRef? entity))
        {
            entity = Context.Watch(Context.ActorOf(_kind.EntityProps(id), Uri.EscapeDataString(id)));
            _entities.Add(id, entity);
            _ids.Add(entity, id);
        }

        return entity;
    }

    private void Forget(IActorRef entity)
    {
        if (_ids.Remove(entity, out string? id))
        {
            _entities.Remove(id);
        }
    }

    /// <summary>The shard moves: its entities stop in their own time, which is bounded, and the shard with them.</summary>
    internal sealed class Stop
    {
        public static readonly Stop Instance = new();
    }

    /// <summary>Answered with <see cref="ShardState"/>.</summary>
    internal sealed class GetState
    {
        public static readonly GetState Instance = new();
    }

    private sealed class StopNow
    {
        public static readonly StopNow Instance = new();
    }
}

/// <summary>What there is to know of a kind of entities.</summary>
internal sealed record EntityKind(string TypeName, Func<string, Props> EntityProps, ClusterShardingSettings Settings, IMessageExtractor Extractor, object HandOffStopMessage);
