using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>How a start gets in, from what is registered and who answers.</summary>
/// <param name="Members">Whom it asks to let it in: those that are in the cluster.</param>
/// <param name="Awaited">Who is the first and begins the cluster, where nobody is in one; null: nobody, or nothing is heard of that one.</param>
/// <param name="Silent">Of these nothing is heard, though they are registered: they are dead, or cannot be reached from here.</param>
internal sealed record JoinPlan(IReadOnlyList<NodeEntry> Members, NodeEntry? Awaited, IReadOnlyList<NodeEntry> Silent)
{
    /// <summary>
    /// Where a member answers there is a cluster, and no second one is begun, however long it takes to let this start in. Where none does, the first begins it, unless it is gone: ended,
    /// or followed by a later start of its node.
    /// </summary>
    /// <param name="first">Whom the registry names as the first; null: nobody yet.</param>
    /// <param name="others">The other nodes that are registered, with what answers at their addresses; null: nothing does.</param>
    public static JoinPlan Of(NodeEntry? first, IReadOnlyCollection<(NodeEntry Entry, StartIsHere? Here)> others)
    {
        (NodeEntry Entry, StartIsHere Here)[] running = [.. others.Where(other => other.Here?.Incarnation == other.Entry.Incarnation).Select(other => (other.Entry, other.Here!))];
        NodeEntry[] members = [.. running.Where(other => other.Here.IsMember).Select(other => other.Entry)];
        return new JoinPlan(
            members,
            members.Length > 0 ? null : running.Select(other => other.Entry).FirstOrDefault(other => other.Incarnation == first?.Incarnation),
            [.. others.Where(other => other.Here is null).Select(other => other.Entry)]);
    }
}
