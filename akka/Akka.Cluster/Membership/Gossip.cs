using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>
/// The state of the cluster that nodes tell each other until all have it: members, who reached whom, who has seen this
/// very version. Immutable. Any two merge to one, whatever the order.
/// </summary>
internal sealed record Gossip
{
    public static readonly Gossip Empty = new();

    private ImmutableDictionary<UniqueAddress, Member>? _byAddress;

    public ImmutableSortedSet<Member> Members { get; init; } = [];

    public ImmutableHashSet<UniqueAddress> Seen { get; init; } = [];

    public Reachability Reachability { get; init; } = Reachability.Empty;

    public VectorClock Version { get; init; } = VectorClock.Empty;

    /// <summary>Members that were removed, with the time in milliseconds since 1970: a gossip from before must not bring them back.</summary>
    public ImmutableDictionary<UniqueAddress, long> Tombstones { get; init; } = ImmutableDictionary<UniqueAddress, long>.Empty;

    private ImmutableDictionary<UniqueAddress, Member> ByAddress =>
        _byAddress ??= Members.ToImmutableDictionary(member => member.UniqueAddress);

    public bool HasMember(UniqueAddress node) => ByAddress.ContainsKey(node);

    public Member? MemberAt(UniqueAddress node) => ByAddress.GetValueOrDefault(node);

    public bool IsSeenBy(UniqueAddress node) => Seen.Contains(node);

    /// <summary>A new version, which only <paramref name="node"/> knows.</summary>
    public Gossip ChangedBy(UniqueAddress node) => this with { Version = Version.Increment(node), Seen = [node] };

    public Gossip SeenBy(UniqueAddress node) => IsSeenBy(node) ? this : this with { Seen = Seen.Add(node) };

    /// <summary>The same version, seen by whoever saw it on either way.</summary>
    public Gossip MergeSeen(Gossip that) => this with { Seen = Seen.Union(that.Seen) };

    public Gossip WithMember(Member member) => this with { Members = Members.Remove(member).Add(member), _byAddress = null };

    public Gossip WithMembers(ImmutableSortedSet<Member> members) => this with { Members = members, _byAddress = null };

    public Gossip MarkAsDown(Member member) => WithMember(member.Copy(MemberStatus.Down)) with { Seen = Seen.Remove(member.UniqueAddress) };

    /// <summary>Takes members out and remembers that they are gone.</summary>
    public Gossip Remove(IReadOnlyCollection<UniqueAddress> removed, long nowMs)
    {
        Gossip result = WithMembers(Members.Except(Members.Where(member => removed.Contains(member.UniqueAddress)))) with
        {
            Seen = Seen.Except(removed),
            Reachability = Reachability.Remove([.. removed]),
            Tombstones = Tombstones.SetItems(removed.Select(node => KeyValuePair.Create(node, nowMs))),
        };
        return result with { Version = removed.Aggregate(Version, (version, node) => version.Prune(node)) };
    }

    public Gossip PruneTombstones(long removedBeforeMs) =>
        Tombstones.Values.Any(removedMs => removedMs < removedBeforeMs)
            ? this with { Tombstones = Tombstones.RemoveRange([.. Tombstones.Where(each => each.Value < removedBeforeMs).Select(each => each.Key)]) }
            : this;

    public Gossip Merge(Gossip that)
    {
        ImmutableDictionary<UniqueAddress, long> tombstones = Tombstones.SetItems(that.Tombstones);
        VectorClock version = tombstones.Keys.Aggregate(Version.Merge(that.Version), (clock, node) => clock.Prune(node));
        ImmutableSortedSet<Member> members = [.. Members.Concat(that.Members)
            .Where(member => !tombstones.ContainsKey(member.UniqueAddress))
            .GroupBy(member => member.UniqueAddress)
            .Select(same => same.Aggregate(Member.HighestPriorityOf))];
        Gossip merged = WithMembers(members) with { Version = version, Tombstones = tombstones, Seen = [] };
        return merged with { Reachability = Reachability.Merge(that.Reachability, merged.HasMember) };
    }

    public override string ToString() =>
        $"Gossip(members = [{string.Join(", ", Members)}], seen = [{string.Join(", ", Seen)}], unreachable = [{string.Join(", ", Reachability.AllUnreachable)}], version = {Version})";
}
