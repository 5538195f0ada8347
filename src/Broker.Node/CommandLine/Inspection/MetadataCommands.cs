using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker metadata show</c>.</summary>
internal static class MetadataCommands
{
    public static Command Create() => new("metadata", "What the cluster knows of itself.")
    {
        NodeQuestion.Get<MetadataReport>("show", "The metadata in numbers, as the node knows them.", MetadataRoutes.Show, Show),
    };

    private static Sheet Show(MetadataReport report) => new Sheet().Facts(
        ("cluster", report.ClusterId),
        ("asked", $"node {report.NodeId}"),
        ("coordinator", report.Coordinator is { } node ? $"node {node}" : "nobody now"),
        ("version", Sheet.Number(report.Version)),
        ("topics", Sheet.Number(report.Topics)),
        ("partitions", $"{report.Partitions}, {report.LeaderlessPartitions} without a leader"),
        ("objects", $"{report.Objects}, {report.ObjectBytes} bytes"),
        ("deletable objects", $"{report.DeletableObjects}, {report.DeletableBytes} bytes"),
        ("write-ahead logs", $"{report.Wals}, {report.FencedWals} fenced"),
        ("nodes", Sheet.Number(report.Nodes)),
        ("next stream", Sheet.Number(report.NextStreamId)),
        ("next object", Sheet.Number(report.NextObjectId)),
        ("next producer id", Sheet.Number(report.NextProducerId)));
}
