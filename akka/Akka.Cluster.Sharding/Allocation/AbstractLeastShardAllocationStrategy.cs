using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding.Internal;

/// <summary>Gives shards to the region with the fewest; regions on members that leave come last.</summary>
public abstract class AbstractLeastShardAllocationStrategy : IActorSystemDependentAllocationStrategy
{
    private Cluster? _cluster;

    protected AbstractLeastShardAllocationStrategy()
    {
    }

    protected ClusterEvent.CurrentClusterState ClusterState => Started.State;

    protected Member SelfMember => Started.SelfMember;

    private Cluster Started => _cluster ?? throw new InvalidOperationException("The strategy has not been started.");

    public void Start(ActorSystem system) => _cluster = Cluster.Get(system);

    public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        ImmutableList<RegionEntry> regions = RegionEntriesFor(currentShardAllocations);

        // A region that was heard of before its member gets nothing, unless there is no other.
        IActorRef region = regions.IsEmpty ? currentShardAllocations.MinBy(each => each.Value.Count).Key : MostSuitableRegion(regions).Region;
        return Task.FromResult(region);
    }

    public abstract Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress);

    /// <summary>The members of the regions that are known to be members.</summary>
    protected ImmutableList<RegionEntry> RegionEntriesFor(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        Dictionary<Address, Member> members = ClusterState.Members.ToDictionary(member => member.Address);
        return
        [
            .. currentShardAllocations
                .Select(each => (each.Key, Member: members.GetValueOrDefault(each.Key.Path.Address.HasLocalScope ? SelfMember.Address : each.Key.Path.Address), each.Value))
                .Where(each => each.Member is not null)
                .Select(each => new RegionEntry(each.Key, each.Member!, each.Value)),
        ];
    }

    protected (IActorRef Region, IImmutableList<string> Shards) MostSuitableRegion(IEnumerable<RegionEntry> regionEntries)
    {
        RegionEntry best = regionEntries.OrderBy(IsGoing).ThenBy(entry => entry.ShardIds.Count).ThenBy(entry => entry.Member).First();
        return (best.Region, best.ShardIds);
    }

    /// <summary>Nobody is about to come or to go, and all run the same version.</summary>
    protected bool IsAGoodTimeToRebalance(IEnumerable<RegionEntry> regionEntries) =>
        regionEntries.All(entry => !IsGoing(entry)) && regionEntries.Select(entry => entry.Member.AppVersion).Distinct().Count() <= 1
        && ClusterState.Members.All(member => member.Status is not (MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Leaving or MemberStatus.Exiting));

    private static bool IsGoing(RegionEntry entry) => entry.Member.Status is MemberStatus.Leaving or MemberStatus.Exiting or MemberStatus.Down;

    /// <summary>A region, its member and its shards.</summary>
    public sealed class RegionEntry
    {
        public RegionEntry(IActorRef region, Member member, IImmutableList<string> shardIds)
        {
            Region = region;
            Member = member;
            ShardIds = shardIds;
        }

        public IActorRef Region { get; }

        public Member Member { get; }

        public IImmutableList<string> ShardIds { get; }
    }
}
