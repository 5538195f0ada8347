using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>The partitions as sharded entities: one <see cref="PartitionSeatActor"/> for each, in a shard of its own.</summary>
internal sealed class PartitionSharding(ActorSystem system, NodeId node, MetadataView metadata, ClusterLoads loads, NextSeats seats, TimeProvider clock)
{
    /// <summary>What they are called among the kinds of entities.</summary>
    public const string TypeName = "partitions";

    // Outlives the region of a node that is drained.
    private readonly IActorRef _proxy = ClusterSharding.Get(system).StartProxy(TypeName, "", SeatExtractor.Instance);

    private volatile IActorRef? _region;
    private volatile IActorRef? _resigning;
    private volatile Func<TimeSpan, Task>? _announce;

    /// <summary>Starts this node's part: from now on it is given partitions.</summary>
    /// <param name="seating">The node's <see cref="SeatingActor"/>.</param>
    /// <param name="resigning">The node's <see cref="ResigningActor"/>.</param>
    /// <param name="announce">Tells the coordinator, within a time, that this start of the node is about to leave (<see cref="NodeDrains"/>).</param>
    public void Start(IActorRef seating, IActorRef resigning, Func<TimeSpan, Task> announce)
    {
        (_resigning, _announce) = (resigning, announce);
        PartitionSeatServices services = new(seating, resigning, Seat);
        _region = ClusterSharding.Get(system).Start(
            TypeName,
            id => Props.Create(() => new PartitionSeatActor(PartitionSeatActor.StreamOf(id), services)),
            ClusterShardingSettings.Create(system),
            SeatExtractor.Instance,
            new PartitionAllocation(metadata, loads, seats, Seat, clock),
            LeaveSeat.Instance);
    }

    /// <summary>Has the entity of a stream started, wherever the cluster puts it; not of one that was deleted.</summary>
    public void Seat(StreamId stream)
    {
        if (!PartitionBalance.IsGone(metadata.Current, stream))
        {
            _proxy.Tell(new ShardRegion.StartEntity(PartitionSeatActor.IdOf(stream)), ActorRefs.NoSender);
        }
    }

    /// <summary>Has everything that this node leads led by others. Nothing, when there are no others.</summary>
    /// <param name="patience">How long that may take; the rest stays, and is taken over as from a node that is gone, or that has left.</param>
    /// <param name="log">The node's.</param>
    public async Task DrainAsync(TimeSpan patience, ILogger log)
    {
        Cluster cluster = Cluster.Get(system);
        if (_region is not { } region || _resigning is not { } resigning || cluster.IsTerminated || !cluster.State.Members.Any(member => member.Status == MemberStatus.Up && member.UniqueAddress != cluster.SelfUniqueAddress))
        {
            return;
        }

        Stopwatch clock = Stopwatch.StartNew();
        PartitionShardingLog.Draining(log);
        await AnnounceAsync(patience / 6).ConfigureAwait(false);
        await ResignFirstAsync(resigning, patience / 3).ConfigureAwait(false);
        region.Tell(GracefulShutdown.Instance, ActorRefs.NoSender);

        // Another one that leaves may have had a partition opened here before it was known that this one leaves too: it has no entity here.
        bool isDrained = await EndsWithinAsync(region, patience - clock.Elapsed).ConfigureAwait(false)
            && await ResignAsync(resigning, Led(), patience - clock.Elapsed).ConfigureAwait(false);
        if (isDrained)
        {
            PartitionShardingLog.Drained(log, clock.ElapsedMilliseconds);
        }
        else
        {
            PartitionShardingLog.NotDrained(log, patience);
        }
    }

    private async Task AnnounceAsync(TimeSpan patience)
    {
        try
        {
            await (_announce?.Invoke(Positive(patience)) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            // Nobody coordinates just now. What is given to this node meanwhile is looked for once more when its entities have gone.
        }
    }

    private static async Task<bool> EndsWithinAsync(IActorRef region, TimeSpan patience)
    {
        try
        {
            await region.WatchAsync().WaitAsync(Positive(patience)).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // Producers had better wait for nothing of the entities' moves, which are many messages each. Where nobody knows who leads next, as the first partition shows, each goes when its entity does;
    // and so does what has not gone in time.
    private async Task ResignFirstAsync(IActorRef resigning, TimeSpan patience)
    {
        StreamId[] led = Led();
        if (led.Length > 0 && await ResignAsync(resigning, led[..1], patience).ConfigureAwait(false) && metadata.Current.FindStream(led[0])?.Leader != NodeId.None)
        {
            await ResignAsync(resigning, led[1..], patience).ConfigureAwait(false);
        }
    }

    private StreamId[] Led() => [.. metadata.Current.Streams.Values.Where(stream => stream.Leader == node).Select(stream => stream.StreamId)];

    // False: not all of them went in time.
    private static async Task<bool> ResignAsync(IActorRef resigning, StreamId[] streams, TimeSpan patience)
    {
        try
        {
            await Task.WhenAll(streams.Select(stream => resigning.Ask<Resigned>(new ResignStreams([stream]), Positive(patience)))).ConfigureAwait(false);
            return true;
        }
        catch (AskTimeoutException)
        {
            return false;
        }
    }

    private static TimeSpan Positive(TimeSpan left) => left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>Entities are only started and stopped: no message goes to them through the region.</summary>
    private sealed class SeatExtractor : IMessageExtractor
    {
        public static readonly SeatExtractor Instance = new();

        public string? EntityId(object message) => null;

        public object EntityMessage(object message) => message;

        public string? ShardId(object message) => null;

        public string ShardId(string entityId, object? messageHint = null) => entityId;
    }
}

internal static partial class PartitionShardingLog
{
    [LoggerMessage(EventId = 5501, EventName = "Draining", Level = LogLevel.Information, Message = "What this node leads moves to others before it leaves")]
    public static partial void Draining(ILogger log);

    [LoggerMessage(EventId = 5502, EventName = "Drained", Level = LogLevel.Information, Message = "This node leads nothing any more, after {Milliseconds} ms")]
    public static partial void Drained(ILogger log, long milliseconds);

    [LoggerMessage(EventId = 5503, EventName = "NotDrained", Level = LogLevel.Warning, Message = "Not everything that this node leads has moved within {Patience}: the others take the rest over when it has left")]
    public static partial void NotDrained(ILogger log, TimeSpan patience);
}
