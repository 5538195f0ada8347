using System.Globalization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Broker.Actors.Clustering;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Inspection;

/// <summary>Where the partitions are, as sharded entities. Thread-safe.</summary>
/// <param name="actors">The node's.</param>
/// <param name="metadata">What the node knows.</param>
/// <param name="node">This node.</param>
/// <param name="isAlone">Whether it has no <c>cluster.address</c>.</param>
internal sealed class ShardingInspection(ActorSystem actors, MetadataView metadata, NodeId node, bool isAlone)
{
    // Less than the whole question has, so that those who answer are heard of when one does not.
    private static readonly TimeSpan RegionPatience = Inquiry.Patience / 2;

    /// <summary>Which nodes have a region.</summary>
    /// <exception cref="InspectionException">The node is alone, or the shards' coordinator is silent.</exception>
    public async Task<RegionsReport> RegionsAsync()
    {
        CurrentRegions regions = await AskAsync<CurrentRegions>(GetCurrentRegions.Instance).ConfigureAwait(false);
        Cluster cluster = Cluster.Get(actors);
        return new RegionsReport(
        [
            .. regions.Regions.Select(address => GlobalOf(address, cluster)).Order()
                .Select(address => new RegionReport(PartitionSharding.TypeName, MemberAddress.Of(address), NodeOf(address, cluster), address == cluster.SelfAddress)),
        ]);
    }

    /// <summary>Which shard is where.</summary>
    /// <inheritdoc cref="RegionsAsync"/>
    public async Task<ShardsReport> ShardsAsync()
    {
        (ClusterShardingStats stats, string[] silent) = await StatsOfAllAsync().ConfigureAwait(false);
        Cluster cluster = Cluster.Get(actors);
        MetadataImage image = metadata.Current;
        Func<StreamState, NodeId> leaderOf = PartitionBalance.LeadersIn(image);
        IEnumerable<ShardReport> shards =
            from region in stats.Regions
            let address = GlobalOf(region.Key, cluster)
            let nodeId = NodeOf(address, cluster)
            from shard in region.Value.Stats.Select(one => (Id: one.Key, Entities: one.Value)).Concat(region.Value.Failed.Select(id => (Id: id, Entities: -1)))
            select Describe(shard.Id, shard.Entities, address, nodeId, image, leaderOf);
        return new ShardsReport([.. shards.OrderBy(shard => shard.Topic, StringComparer.Ordinal).ThenBy(shard => shard.Partition).ThenBy(shard => shard.Stream)], silent);
    }

    /// <summary>How much each region has.</summary>
    /// <inheritdoc cref="RegionsAsync"/>
    public async Task<ShardingStatsReport> StatsAsync()
    {
        (ClusterShardingStats stats, string[] silent) = await StatsOfAllAsync().ConfigureAwait(false);
        Cluster cluster = Cluster.Get(actors);
        return new ShardingStatsReport(
        [
            .. from region in stats.Regions
               let address = GlobalOf(region.Key, cluster)
               orderby address
               select new RegionStats(
                   PartitionSharding.TypeName, MemberAddress.Of(address), NodeOf(address, cluster), region.Value.Stats.Count + region.Value.Failed.Count, region.Value.Stats.Values.Sum(), region.Value.Failed.Count),
        ], silent);
    }

    private async Task<(ClusterShardingStats Stats, string[] Silent)> StatsOfAllAsync()
    {
        Task<CurrentRegions> regions = AskAsync<CurrentRegions>(GetCurrentRegions.Instance);
        Task<ClusterShardingStats> stats = AskAsync<ClusterShardingStats>(new GetClusterShardingStats(RegionPatience));
        await Task.WhenAll(regions, stats).ConfigureAwait(false);
        Cluster cluster = Cluster.Get(actors);
        ClusterShardingStats answers = await stats.ConfigureAwait(false);
        HashSet<Address> answered = [.. answers.Regions.Keys.Select(address => GlobalOf(address, cluster))];
        IEnumerable<Address> all = (await regions.ConfigureAwait(false)).Regions.Select(address => GlobalOf(address, cluster));
        return (answers, [.. all.Where(address => !answered.Contains(address)).Order().Select(MemberAddress.Of)]);
    }

    private Task<T> AskAsync<T>(object question) => isAlone
        ? throw new InspectionException(InspectionFailure.Refused, $"node {node} runs alone (it has no cluster.address): it leads all partitions itself, and none is sharded")
        : Inquiry.AskAsync<T>(
            ClusterSharding.Get(actors).ShardRegion(PartitionSharding.TypeName), question, "this node has no region any more since it leaves, or the coordinator of shards moves; ask again, or another node");

    private static ShardReport Describe(string shard, int entities, Address address, int? nodeId, MetadataImage image, Func<StreamState, NodeId> leaderOf)
    {
        StreamId id = new(long.TryParse(shard, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : -1);
        StreamState? stream = image.FindStream(id);
        return new ShardReport(
            PartitionSharding.TypeName,
            shard,
            stream is null ? "" : image.FindTopic(stream.TopicId)?.Name ?? "",
            stream?.Partition ?? -1,
            id.Value,
            MemberAddress.Of(address),
            nodeId,
            entities,
            (stream is null ? NodeId.None : leaderOf(stream)).Value);
    }

    // What is here may be told without host and port.
    private static Address GlobalOf(Address address, Cluster cluster) => address.HasLocalScope ? cluster.SelfAddress : address;

    private static int? NodeOf(Address address, Cluster cluster) =>
        cluster.State.Members.FirstOrDefault(member => member.Address == address) is { } member ? NodeRoles.NodeOf(member)?.Value : null;
}
