namespace Broker.Actors.Inspection;

/// <summary>Which nodes have a region of sharded entities: what <c>broker cluster-sharding list-regions</c> prints.</summary>
public sealed record RegionsReport(IReadOnlyList<RegionReport> Regions);

/// <summary>A region: what one node has of the entities of one type.</summary>
/// <param name="Type">The entities' type: <c>partitions</c>.</param>
/// <param name="Address">The node's, <c>HOST:PORT</c>.</param>
/// <param name="NodeId">Null: it is no member any more.</param>
/// <param name="Self">It is of the node that says this.</param>
public sealed record RegionReport(string Type, string Address, int? NodeId, bool Self);

/// <summary>Which shard is where: what <c>broker cluster-sharding list-shards</c> prints.</summary>
/// <param name="Shards">Of all nodes that answered, by topic and partition.</param>
/// <param name="Silent">Nodes with a region that did not answer, <c>HOST:PORT</c>: their shards are missing.</param>
public sealed record ShardsReport(IReadOnlyList<ShardReport> Shards, IReadOnlyList<string> Silent);

/// <summary>A shard: one partition.</summary>
/// <param name="Shard">Its id, which is its stream's.</param>
/// <param name="Topic">"" = its topic is deleted.</param>
/// <param name="Partition">-1 = its topic is deleted.</param>
/// <param name="Stream">The partition's stream.</param>
/// <param name="Address">Of the node whose region has it, <c>HOST:PORT</c>.</param>
/// <param name="NodeId">Null: it is no member any more.</param>
/// <param name="Entities">1 while the partition is led there, or about to be; -1 = the shard did not answer.</param>
/// <param name="Leader">Who leads the partition by the metadata: another node while it moves; -1 = nobody.</param>
public sealed record ShardReport(string Type, string Shard, string Topic, int Partition, long Stream, string Address, int? NodeId, int Entities, int Leader);

/// <summary>How much each region has: what <c>broker cluster-sharding stats</c> prints.</summary>
/// <param name="Silent">Nodes with a region that did not answer, <c>HOST:PORT</c>.</param>
public sealed record ShardingStatsReport(IReadOnlyList<RegionStats> Regions, IReadOnlyList<string> Silent);

/// <summary>How much a region has.</summary>
/// <param name="Failed">Shards that did not answer.</param>
public sealed record RegionStats(string Type, string Address, int? NodeId, int Shards, int Entities, int Failed);
