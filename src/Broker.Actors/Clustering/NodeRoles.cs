using System.Globalization;
using Akka.Cluster;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>Which node a member of the actor cluster is: its role says so.</summary>
internal static class NodeRoles
{
    private const string Prefix = "node-";

    public static string Of(NodeId node) => Prefix + node.Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Null: it is none of a broker's.</summary>
    public static NodeId? NodeOf(Member member)
    {
        foreach (string role in member.Roles)
        {
            if (role.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(role.AsSpan(Prefix.Length), CultureInfo.InvariantCulture, out int id))
            {
                return new NodeId(id);
            }
        }

        return null;
    }
}
