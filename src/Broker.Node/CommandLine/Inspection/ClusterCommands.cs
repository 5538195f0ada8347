using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker cluster show|join|leave|down|down-unreachable</c>.</summary>
internal static class ClusterCommands
{
    public static Command Create() => new("cluster", "Who is in the cluster of a running node, and what to change about that.")
    {
        NodeQuestion.Get<ClusterReport>("show", "The members of the cluster as the node sees them, and the nodes that clients are sent to.", ClusterRoutes.Show, Show),
        NodeQuestion.Post<MembershipReport>(
            "leave",
            "Has a node moved what it leads to others, leave, and end its process with exit code 0.",
            ClusterRoutes.Leave,
            Done,
            Particular.Option("--address", "HOST:PORT", ClusterRoutes.Address, "The member that is to leave; default: the node that is asked.")),
        NodeQuestion.Post<MembershipReport>("down", "Takes a member for dead: others take over what it led. For one that is; else it ends its service.", ClusterRoutes.Down, Done, Member("The member, as 'cluster show' prints it.")),
        NodeQuestion.Post<MembershipReport>("down-unreachable", "Takes every member for dead that somebody in the cluster does not hear.", ClusterRoutes.DownUnreachable, Done),
        NodeQuestion.Post<MembershipReport>("join", "Has a node that is in no cluster ask a member for entry.", ClusterRoutes.Join, Done, Member("The member to ask.")),
    };

    private static Particular Member(string description) => Particular.Argument("ADDRESS", ClusterRoutes.Address, description + " HOST:PORT.");

    private static Sheet Done(MembershipReport report) => new Sheet().Line(report.Message);

    private static Sheet Show(ClusterReport report)
    {
        Sheet sheet = new Sheet().Facts(
            ("cluster", report.ClusterId),
            ("asked", $"node {report.NodeId}"),
            ("coordinator", report.Coordinator is { } node ? $"node {node}" : "nobody now"));
        _ = report.Alone
            ? sheet.Line("The node runs alone: it has no cluster.address.")
            : sheet.Table("The node is in no cluster.", ["MEMBER", ">NODE", "STATUS", "REACHABLE", "ROLES", "IS"], report.Members.Select(Row));
        return sheet.Table(
            "No node is registered.",
            [">NODE", ">EPOCH", "LISTENERS", "CLUSTER ADDRESS", "RACK"],
            report.Nodes.Select(one => (string[])[Sheet.Number(one.NodeId), Sheet.Number(one.Epoch), string.Join(' ', one.Listeners), one.ClusterAddress, one.Rack]));
    }

    private static string[] Row(MemberReport member) =>
    [
        member.Address,
        member.NodeId is { } node ? Sheet.Number(node) : "",
        member.Status,
        member.Unreachable ? "no" : "yes",
        string.Join(' ', member.Roles),
        string.Join(' ', new[] { Sheet.Mark(member.Self, "asked"), Sheet.Mark(member.Leader, "leader"), Sheet.Mark(member.Oldest, "oldest") }.Where(word => word.Length > 0)),
    ];
}
