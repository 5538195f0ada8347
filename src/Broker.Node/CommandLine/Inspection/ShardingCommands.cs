using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker cluster-sharding list-regions|list-shards|stats</c>.</summary>
internal static class ShardingCommands
{
    public static Command Create() => new("cluster-sharding", "Where the partitions of a cluster are, as sharded entities: each is a shard of its own.")
    {
        NodeQuestion.Get<RegionsReport>("list-regions", "The nodes that are given partitions.", ShardingRoutes.Regions, Show),
        NodeQuestion.Get<ShardsReport>("list-shards", "The partitions of all nodes, and where they are.", ShardingRoutes.Shards, Show),
        NodeQuestion.Get<ShardingStatsReport>("stats", "How many partitions each node has.", ShardingRoutes.Stats, Show),
    };

    private static Sheet Show(RegionsReport report) => new Sheet().Table(
        "No node has a region.",
        ["TYPE", "REGION", ">NODE", "IS"],
        report.Regions.Select(one => (string[])[one.Type, one.Address, NodeOf(one.NodeId), Sheet.Mark(one.Self, "asked")]));

    private static Sheet Show(ShardsReport report) => Silent(report.Silent, new Sheet().Table(
        "There are no shards.",
        ["TYPE", "PARTITION", ">SHARD", "REGION", ">NODE", ">ENTITIES", ">LEADER"],
        report.Shards.Select(one => (string[])
        [
            one.Type, one.Partition < 0 ? "deleted" : $"{one.Topic}-{one.Partition}", one.Shard, one.Address, NodeOf(one.NodeId), one.Entities < 0 ? "silent" : Sheet.Number(one.Entities), one.Leader < 0 ? "nobody" : Sheet.Number(one.Leader),
        ])));

    private static Sheet Show(ShardingStatsReport report) => Silent(report.Silent, new Sheet().Table(
        "No node has a region.",
        ["TYPE", "REGION", ">NODE", ">SHARDS", ">ENTITIES", ">SILENT"],
        report.Regions.Select(one => (string[])[one.Type, one.Address, NodeOf(one.NodeId), Sheet.Number(one.Shards), Sheet.Number(one.Entities), Sheet.Number(one.Failed)])));

    private static Sheet Silent(IReadOnlyList<string> silent, Sheet sheet) =>
        silent.Count == 0 ? sheet : sheet.Line($"These nodes did not answer, and what they have is missing: {string.Join(", ", silent)}");

    private static string NodeOf(int? node) => node is { } id ? Sheet.Number(id) : "";
}
