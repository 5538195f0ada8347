using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>What two versions of the gossip have to do with each other.</summary>
internal enum VersionOrder
{
    Same,
    Before,
    After,
    Concurrent,
}

/// <summary>How many changes of each node a version of the gossip contains: tells whether one contains another.</summary>
internal sealed class VectorClock
{
    public static readonly VectorClock Empty = new(ImmutableDictionary<UniqueAddress, long>.Empty);

    public VectorClock(ImmutableDictionary<UniqueAddress, long> versions) => Versions = versions;

    public ImmutableDictionary<UniqueAddress, long> Versions { get; }

    public VectorClock Increment(UniqueAddress node) => new(Versions.SetItem(node, Versions.GetValueOrDefault(node) + 1));

    public VectorClock Merge(VectorClock that)
    {
        ImmutableDictionary<UniqueAddress, long>.Builder merged = Versions.ToBuilder();
        foreach ((UniqueAddress node, long version) in that.Versions)
        {
            merged[node] = Math.Max(version, merged.GetValueOrDefault(node));
        }

        return new VectorClock(merged.ToImmutable());
    }

    /// <summary>Forgets a node that is gone, so that the clock does not grow with all that ever were.</summary>
    public VectorClock Prune(UniqueAddress removed) => new(Versions.Remove(removed));

    public VersionOrder CompareTo(VectorClock that)
    {
        bool hasMore = false;
        bool hasLess = false;
        foreach (UniqueAddress node in Versions.Keys.Union(that.Versions.Keys))
        {
            int order = Versions.GetValueOrDefault(node).CompareTo(that.Versions.GetValueOrDefault(node));
            hasMore |= order > 0;
            hasLess |= order < 0;
        }

        return (hasMore, hasLess) switch
        {
            (false, false) => VersionOrder.Same,
            (true, false) => VersionOrder.After,
            (false, true) => VersionOrder.Before,
            _ => VersionOrder.Concurrent,
        };
    }

    public override string ToString() => $"VectorClock({string.Join(", ", Versions.Select(each => $"{each.Key} -> {each.Value}"))})";
}
