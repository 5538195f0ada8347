using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Akka.ClusterBehaviour;

/// <summary>Where the test wants shards to be; those of which it says nothing go to the region with the fewest.</summary>
internal sealed class Placement
{
    private readonly ConcurrentDictionary<string, Address> _wanted = new();

    public void Put(string shard, TestNode node) => _wanted[shard] = node.Address;

    public bool Forget(string shard) => _wanted.TryRemove(shard, out _);

    public Address? Of(string shard) => _wanted.GetValueOrDefault(shard);
}

/// <summary>A strategy as a user writes it: it places by plan, and moves what is not where it should be.</summary>
internal sealed class PlacementStrategy(Placement placement, Address self) : IShardAllocationStrategy
{
    public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        IActorRef? wanted = currentShardAllocations.Keys.FirstOrDefault(region => NodeOf(region) == placement.Of(shardId));
        return Task.FromResult(wanted ?? currentShardAllocations.OrderBy(region => region.Value.Count).ThenBy(region => NodeOf(region.Key).Host).First().Key);
    }

    public Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
    {
        HashSet<Address> nodes = [.. currentShardAllocations.Keys.Select(NodeOf)];
        IEnumerable<string> misplaced = currentShardAllocations.SelectMany(region => region.Value
            .Where(shard => placement.Of(shard) is { } wanted && wanted != NodeOf(region.Key) && nodes.Contains(wanted)));
        return Task.FromResult<IImmutableSet<string>>(misplaced.Except(rebalanceInProgress).ToImmutableHashSet());
    }

    private Address NodeOf(IActorRef region) => region.Path.Address.HasLocalScope ? self : region.Path.Address;
}
