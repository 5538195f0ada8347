using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>What one node holds of another; that it is reachable is not written down.</summary>
internal enum ReachabilityStatus : byte
{
    Unreachable = 1,

    /// <summary>Gone for certain: another run has taken its address.</summary>
    Terminated = 2,
}

/// <summary>
/// Who can't reach whom. Each observer writes its own row, with a version that tells the newer one of two; a node is
/// unreachable when any observer says so.
/// </summary>
internal sealed class Reachability
{
    public static readonly Reachability Empty = new(ImmutableDictionary<UniqueAddress, ReachabilityRow>.Empty);

    private ImmutableHashSet<UniqueAddress>? _unreachable;

    public Reachability(ImmutableDictionary<UniqueAddress, ReachabilityRow> rows) => Rows = rows;

    public ImmutableDictionary<UniqueAddress, ReachabilityRow> Rows { get; }

    /// <summary>All that some observer can't reach.</summary>
    public ImmutableHashSet<UniqueAddress> AllUnreachable =>
        _unreachable ??= [.. Rows.Values.SelectMany(row => row.Subjects.Keys)];

    public bool IsReachable(UniqueAddress node) => !AllUnreachable.Contains(node);

    public bool IsReachable(UniqueAddress observer, UniqueAddress subject) =>
        !Rows.TryGetValue(observer, out ReachabilityRow? row) || !row.Subjects.ContainsKey(subject);

    public IEnumerable<UniqueAddress> UnreachableFrom(UniqueAddress observer) =>
        Rows.TryGetValue(observer, out ReachabilityRow? row) ? row.Subjects.Keys : [];

    public IEnumerable<UniqueAddress> ObserversOf(UniqueAddress subject) =>
        Rows.Where(row => row.Value.Subjects.ContainsKey(subject)).Select(row => row.Key);

    public Reachability Unreachable(UniqueAddress observer, UniqueAddress subject) => Change(observer, subject, ReachabilityStatus.Unreachable);

    public Reachability Terminated(UniqueAddress observer, UniqueAddress subject) => Change(observer, subject, ReachabilityStatus.Terminated);

    /// <summary>The observer reaches the subject again; a terminated one stays so.</summary>
    public Reachability Reachable(UniqueAddress observer, UniqueAddress subject) => Change(observer, subject, null);

    /// <summary>Forgets nodes, as observers and as subjects.</summary>
    public Reachability Remove(ICollection<UniqueAddress> nodes) => nodes.Count == 0 ? this : Only(node => !nodes.Contains(node));

    public Reachability RemoveObservers(Func<UniqueAddress, bool> isRemoved) =>
        new(Rows.RemoveRange([.. Rows.Keys.Where(isRemoved)]));

    /// <summary>Of each observer the newer row, as far as it speaks of nodes that are there.</summary>
    public Reachability Merge(Reachability that, Func<UniqueAddress, bool> isMember)
    {
        ImmutableDictionary<UniqueAddress, ReachabilityRow>.Builder merged = Rows.ToBuilder();
        foreach ((UniqueAddress observer, ReachabilityRow row) in that.Rows)
        {
            if (!merged.TryGetValue(observer, out ReachabilityRow? own) || own.Version < row.Version)
            {
                merged[observer] = row;
            }
        }

        return new Reachability(merged.ToImmutable()).Only(isMember);
    }

    private Reachability Only(Func<UniqueAddress, bool> stays) => new(Rows
        .Where(row => stays(row.Key))
        .ToImmutableDictionary(
            row => row.Key,
            row => row.Value.Subjects.Keys.All(stays) ? row.Value : row.Value with { Subjects = row.Value.Subjects.RemoveRange([.. row.Value.Subjects.Keys.Where(subject => !stays(subject))]) }));

    private Reachability Change(UniqueAddress observer, UniqueAddress subject, ReachabilityStatus? status)
    {
        ReachabilityRow row = Rows.GetValueOrDefault(observer) ?? ReachabilityRow.Empty;
        ReachabilityStatus? before = row.Subjects.TryGetValue(subject, out ReachabilityStatus known) ? known : null;
        if (before == status || before == ReachabilityStatus.Terminated)
        {
            return this;
        }

        return new Reachability(Rows.SetItem(observer, new ReachabilityRow(
            row.Version + 1,
            status is { } written ? row.Subjects.SetItem(subject, written) : row.Subjects.Remove(subject))));
    }
}

/// <summary>Whom one observer can't reach.</summary>
internal sealed record ReachabilityRow(long Version, ImmutableDictionary<UniqueAddress, ReachabilityStatus> Subjects)
{
    public static readonly ReachabilityRow Empty = new(0, ImmutableDictionary<UniqueAddress, ReachabilityStatus>.Empty);
}
