using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding.Internal;

namespace Akka.Cluster.Sharding;

/// <summary>Moves some shards from the region with the most to the one with the fewest, when they are further apart than a threshold.</summary>
public class LeastShardAllocationStrategy : AbstractLeastShardAllocationStrategy
{
    private static readonly IImmutableSet<string> None = ImmutableHashSet<string>.Empty;

    private readonly int _rebalanceThreshold;
    private readonly int _maxSimultaneousRebalance;

    public LeastShardAllocationStrategy(int rebalanceThreshold, int maxSimultaneousRebalance)
    {
        _rebalanceThreshold = rebalanceThreshold;
        _maxSimultaneousRebalance = maxSimultaneousRebalance;
    }

    public override Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
    {
        ImmutableList<RegionEntry> regions = RegionEntriesFor(currentShardAllocations);
        if (rebalanceInProgress.Count >= _maxSimultaneousRebalance || regions.Count < 2 || !IsAGoodTimeToRebalance(regions))
        {
            return Task.FromResult(None);
        }

        List<string[]> staying = [.. regions.Select(region => region.ShardIds.Where(shard => !rebalanceInProgress.Contains(shard)).ToArray())];
        string[] most = staying.MaxBy(shards => shards.Length)!;
        int difference = most.Length - MostSuitableRegion(regions).Shards.Count;
        if (difference <= _rebalanceThreshold)
        {
            return Task.FromResult(None);
        }

        int count = Math.Min(Math.Max(difference - _rebalanceThreshold, 1), _maxSimultaneousRebalance - rebalanceInProgress.Count);
        return Task.FromResult<IImmutableSet<string>>(most.Take(count).ToImmutableHashSet());
    }
}
