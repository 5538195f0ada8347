using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker group list|describe</c>.</summary>
internal static class GroupCommands
{
    public static Command Create() => new("group", "The consumer groups that a node coordinates.")
    {
        NodeQuestion.Get<GroupsReport>("list", "The groups that are coordinated on the node; others are on other nodes.", GroupRoutes.List, Show),
        NodeQuestion.Get<GroupReport>("describe", "A group's members, and how far it has come.", GroupRoutes.Describe, Show, Particular.Argument("GROUP", GroupRoutes.GroupId, "The group.")),
    };

    private static Sheet Show(GroupsReport report)
    {
        Sheet sheet = new Sheet().Table(
            $"Node {report.NodeId} coordinates no group.", ["GROUP", "STATE", "PROTOCOL TYPE"], report.Groups.Select(group => (string[])[group.GroupId, group.State, group.ProtocolType]));
        return report.Loading == 0 ? sheet : sheet.Line($"Groups of {report.Loading} partitions of __consumer_offsets are missing: they are still read.");
    }

    private static Sheet Show(GroupReport report) => new Sheet()
        .Facts(
            ("group", report.GroupId),
            ("state", report.State),
            ("protocol type", report.ProtocolType),
            ("assignor", report.Protocol.Length == 0 ? "-" : report.Protocol),
            ("coordinator", $"the leader of __consumer_offsets-{report.CoordinatorPartition}: the node that was asked"))
        .Table(
            "It has no members.",
            ["MEMBER", "INSTANCE", "CLIENT", "HOST", "ASSIGNED"],
            report.Members.Select(one => (string[])[one.MemberId, one.InstanceId, one.ClientId, one.ClientHost, string.Join(' ', one.Assigned)]))
        .Table(
            "It has committed nothing.",
            ["PARTITION", ">COMMITTED", ">HIGH WATERMARK", ">LAG", "METADATA"],
            report.Offsets.Select(one => (string[])
            [
                $"{one.Topic}-{one.Partition}", Sheet.Number(one.Offset), one.HighWatermark is { } end ? Sheet.Number(end) : "-", one.Lag is { } lag ? Sheet.Number(lag) : "-", one.Metadata,
            ]));
}
