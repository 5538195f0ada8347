using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding.Internal;

namespace Akka.Cluster.Sharding;

/// <summary>The strategies that come with sharding.</summary>
public static class ShardAllocationStrategy
{
    /// <summary>Brings all regions to the same number of shards, give or take one.</summary>
    /// <param name="absoluteLimit">Shards that may move at once, at most.</param>
    /// <param name="relativeLimit">The same as a part of all shards, 0 to 1; at least one moves.</param>
    public static IShardAllocationStrategy LeastShardAllocationStrategy(int absoluteLimit, double relativeLimit) =>
        new EvenShardAllocationStrategy(absoluteLimit, relativeLimit);

    private sealed class EvenShardAllocationStrategy(int absoluteLimit, double relativeLimit) : AbstractLeastShardAllocationStrategy
    {
        public override Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
        {
            ImmutableList<RegionEntry> regions = RegionEntriesFor(currentShardAllocations);
            bool isTime = rebalanceInProgress.Count == 0 && regions.Count >= 2 && IsAGoodTimeToRebalance(regions);
            return Task.FromResult<IImmutableSet<string>>(isTime ? Surplus(regions) : ImmutableHashSet<string>.Empty);
        }

        /// <summary>What regions have beyond the even share, then one of those that have it in full while another is two short.</summary>
        private ImmutableHashSet<string> Surplus(ImmutableList<RegionEntry> regions)
        {
            int shards = regions.Sum(region => region.ShardIds.Count);
            int limit = Math.Max(1, Math.Min((int)(relativeLimit * shards), absoluteLimit));
            int share = (shards + regions.Count - 1) / regions.Count;
            string[] surplus = [.. regions.SelectMany(region => region.ShardIds.Take(Math.Max(0, region.ShardIds.Count - share)))];
            if (surplus.Length == 0 && regions.Min(region => region.ShardIds.Count) <= share - 2)
            {
                surplus = [.. regions.Where(region => region.ShardIds.Count == share).SelectMany(region => region.ShardIds.Take(1))];
                limit = Math.Min(limit, regions.Sum(region => Math.Max(0, share - 1 - region.ShardIds.Count)));
            }

            return [.. surplus.Take(limit)];
        }
    }
}
