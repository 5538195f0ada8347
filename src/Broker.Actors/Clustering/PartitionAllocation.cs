using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Clustering;

/// <summary>
/// Where the shards of partitions go: to whoever leads the partition, as the metadata say; else by <see cref="PartitionBalance"/>. Some at a time move to even the nodes out
/// (<see cref="SeatMoves"/>), to and from those that are settled (<see cref="SettledNodes"/>), and those whose entity is elsewhere than the leader.
/// </summary>
/// <param name="metadata">What this node knows of these.</param>
/// <param name="loads">What goes in and out of partitions.</param>
/// <param name="seats">Is told who takes seats, and what is to move where.</param>
/// <param name="seat">Has the entity of a stream started.</param>
/// <param name="clock">This node's.</param>
internal sealed class PartitionAllocation(MetadataView metadata, ClusterLoads loads, NextSeats seats, Action<StreamId> seat, TimeProvider clock) : IActorSystemDependentAllocationStrategy
{
    /// <summary>Each move is some requests to the store; so many keep their partitions' pauses short.</summary>
    internal const int MostMoves = 32;

    private static readonly IImmutableSet<string> Nothing = ImmutableHashSet<string>.Empty;

    private readonly SettledNodes _settled = new(clock);
    private Cluster? _cluster;

    public void Start(ActorSystem system) => _cluster = Cluster.Get(system);

    public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        Dictionary<NodeId, IActorRef> regions = RegionsOf(currentShardAllocations.Keys);
        if (regions.Count == 0)
        {
            // Their nodes are members, of which this one has not heard yet.
            return Task.FromResult(currentShardAllocations.MinBy(region => region.Value.Count).Key);
        }

        seats.See(Reachable(regions));
        MetadataImage image = metadata.Current;
        StreamId stream = PartitionSeatActor.StreamOf(shardId);
        bool isLed = image.FindStream(stream) is { } state && regions.ContainsKey(state.Leader);

        // Who is about to leave, or cannot be reached, is given something only when nobody else is there.
        NodeId[] taking = isLed ? [] : [.. regions.Keys.Where(node => Takes(image, node))];
        NodeId node = seats.ChosenFor(stream) is { } chosen && taking.Contains(chosen)
            ? chosen
            : PartitionBalance.SeatOf(image, stream, (taking.Length > 0 ? taking : [.. regions.Keys]).ToDictionary(one => one, one => currentShardAllocations[regions[one]].Count));
        return Task.FromResult(regions[node]);
    }

    public Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress) =>
        Task.FromResult(Choose(currentShardAllocations, rebalanceInProgress));

    private IImmutableSet<string> Choose(IImmutableDictionary<IActorRef, IImmutableList<string>> current, IImmutableSet<string> inProgress)
    {
        int room = MostMoves - inProgress.Count;
        Dictionary<NodeId, IActorRef> regions = RegionsOf(current.Keys);
        seats.See(Reachable(regions));
        MetadataImage image = metadata.Current;
        _settled.See(regions.Keys.Select(node => (node, image.NodeEpochs.GetValueOrDefault(node))));
        if (room <= 0 || regions.Count < current.Count)
        {
            return Nothing;
        }

        HashSet<StreamId> moving = [.. inProgress.Select(PartitionSeatActor.StreamOf)];
        ILookup<bool, (NodeId Node, StreamId Stream)> isGone = regions
            .SelectMany(region => current[region.Value].Select(shard => (Node: region.Key, Stream: PartitionSeatActor.StreamOf(shard)))).ToLookup(one => PartitionBalance.IsGone(image, one.Stream));
        Dictionary<NodeId, IReadOnlyList<StreamId>> seated = regions.Keys.ToDictionary(node => node, node => (IReadOnlyList<StreamId>)[.. isGone[false].Where(one => one.Node == node).Select(one => one.Stream)]);
        foreach (StreamId stream in PartitionBalance.Unseated(image, seated).Take(MostMoves))
        {
            seat(stream);
        }

        StreamId[] misplaced = [.. PartitionBalance.Misplaced(image, seated).Where(stream => !moving.Contains(stream)).Take(room)];
        IReadOnlyList<(StreamId Stream, NodeId To)> moves = misplaced.Length > 0 ? [] : SeatMoves.Choose(Taking(image, SeatMoves.AfterMoves(seated, moving, seats.ChosenFor)), loads.BytesPerSecond(), stream => image.FindStream(stream)?.TopicId ?? Guid.Empty, moving, room);
        seats.Choose(moves, moving);

        // Seats of deleted streams end, which is no request to the store; nothing else waits for that, as topics may come and go all the time.
        IEnumerable<StreamId> gone = isGone[true].Select(one => one.Stream).Where(stream => !moving.Contains(stream)).Take(MostMoves);
        return IdsOf([.. gone, .. misplaced.Length > 0 ? misplaced : moves.Select(move => move.Stream)]);
    }

    private Dictionary<NodeId, IReadOnlyList<StreamId>> Taking(MetadataImage image, Dictionary<NodeId, IReadOnlyList<StreamId>> seated) =>
        seated.Where(one => Takes(image, one.Key) && _settled.IsSettled(one.Key)).ToDictionary(one => one.Key, one => one.Value);

    private bool Takes(MetadataImage image, NodeId node) => seats.Takes(node, image.NodeEpochs.GetValueOrDefault(node));

    private static ImmutableHashSet<string> IdsOf(IEnumerable<StreamId> streams) => [.. streams.Select(PartitionSeatActor.IdOf)];

    // Who is unreachable now may be dead: nothing goes there that another one has.
    private IEnumerable<NodeId> Reachable(Dictionary<NodeId, IActorRef> regions) =>
        regions.Keys.Except(_cluster!.State.Unreachable.Select(NodeRoles.NodeOf).OfType<NodeId>());

    // A region is the node's whose member it is at.
    private Dictionary<NodeId, IActorRef> RegionsOf(IEnumerable<IActorRef> regions)
    {
        Cluster cluster = _cluster ?? throw new InvalidOperationException("the strategy has not been started");
        Dictionary<Address, NodeId> nodes = [];
        foreach (Member member in cluster.State.Members)
        {
            if (member.Status == MemberStatus.Up && NodeRoles.NodeOf(member) is { } node)
            {
                nodes[member.Address] = node;
            }
        }

        Dictionary<NodeId, IActorRef> known = [];
        foreach (IActorRef region in regions)
        {
            if (nodes.TryGetValue(region.Path.Address.HasLocalScope ? cluster.SelfAddress : region.Path.Address, out NodeId node))
            {
                known[node] = region;
            }
        }

        return known;
    }
}
