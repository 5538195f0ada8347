using System.Collections.Immutable;
using System.Text;

namespace Akka.Cluster;

/// <summary>
/// Who watches whom: each node the next few on a ring on which nodes stand in an order that has nothing to do with
/// their addresses, so that neighbours are not of one rack. Unreachable ones do not count: another takes their place.
/// </summary>
internal static class HeartbeatNodeRing
{
    /// <param name="nodes">All members.</param>
    /// <param name="self">The node that watches.</param>
    /// <param name="unreachable">Members that are watched besides, where they come first.</param>
    /// <param name="count">How many are to be watched.</param>
    public static ImmutableHashSet<UniqueAddress> ReceiversOf(
        IEnumerable<UniqueAddress> nodes, UniqueAddress self, IReadOnlySet<UniqueAddress> unreachable, int count)
    {
        UniqueAddress[] ring = [.. nodes.Append(self).Distinct().OrderBy(PlaceOf).ThenBy(node => node)];
        int start = Array.IndexOf(ring, self);
        ImmutableHashSet<UniqueAddress>.Builder receivers = ImmutableHashSet.CreateBuilder<UniqueAddress>();
        int reachable = 0;
        for (int i = 1; i < ring.Length && reachable < count; i++)
        {
            UniqueAddress node = ring[(start + i) % ring.Length];
            receivers.Add(node);
            reachable += unreachable.Contains(node) ? 0 : 1;
        }

        return receivers.ToImmutable();
    }

    /// <summary>FNV-1a: the same on all nodes, which a hash code of .NET is not.</summary>
    private static uint PlaceOf(UniqueAddress node)
    {
        uint hash = 2166136261;
        foreach (byte each in Encoding.UTF8.GetBytes($"{node.Address}#{node.Uid}"))
        {
            hash = (hash ^ each) * 16777619;
        }

        return hash;
    }
}
