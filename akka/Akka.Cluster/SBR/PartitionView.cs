using System.Collections.Immutable;

namespace Akka.Cluster.SBR;

/// <summary>
/// What one side of a possible partition sees: who is on this side, who is not. Downed and exiting members are on their way out
/// already and count for nobody.
/// </summary>
internal sealed class PartitionView
{
    private PartitionView(ImmutableSortedSet<Member> reachable, ImmutableSortedSet<Member> unreachable, ImmutableSortedSet<Member> badlyConnected)
    {
        Reachable = reachable;
        Unreachable = unreachable;
        BadlyConnected = badlyConnected;
    }

    /// <summary>This side.</summary>
    public ImmutableSortedSet<Member> Reachable { get; }

    /// <summary>The other side, or the dead.</summary>
    public ImmutableSortedSet<Member> Unreachable { get; }

    /// <summary>
    /// Members that are on this side and can't reach, or be reached by, others that are: as few as must go so that all who stay
    /// reach each other.
    /// </summary>
    public ImmutableSortedSet<Member> BadlyConnected { get; }

    public bool IsPartition => Unreachable.Count > 0 || BadlyConnected.Count > 0;

    public static PartitionView Of(MembershipState state)
    {
        ImmutableSortedSet<Member> members = [.. state.Gossip.Members.Where(member => member.Status is not (MemberStatus.Down or MemberStatus.Exiting))];
        ImmutableHashSet<UniqueAddress> heard = Heard(state);
        ImmutableSortedSet<Member> unreachable = [.. members.Where(member => !heard.Contains(member.UniqueAddress))];
        ImmutableSortedSet<Member> badlyConnected = WhoMustGo(state, members.Except(unreachable));
        return new PartitionView(members.Except(unreachable).Except(badlyConnected), unreachable, badlyConnected);
    }

    /// <summary>How many of a side have a vote: members that are up, and have the role where one is asked for.</summary>
    public static int Votes(IEnumerable<Member> side, string? role) => Voters(side, role).Count();

    public static IEnumerable<Member> Voters(IEnumerable<Member> side, string? role) =>
        side.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving && (role is null || member.HasRole(role)));

    /// <summary>
    /// Who is on this side: whoever is reachable, has seen the newest gossip, or is known here as one who can't reach others himself.
    /// The other side's observations do not get here.
    /// </summary>
    private static ImmutableHashSet<UniqueAddress> Heard(MembershipState state) =>
    [
        state.Self,
        .. state.Gossip.Members.Select(member => member.UniqueAddress).Where(node =>
            state.Reachability.IsReachable(node) || state.Gossip.IsSeenBy(node)),
    ];

    /// <summary>The one with the most broken links first, and of those with as many the last by address; until no link is left.</summary>
    private static ImmutableSortedSet<Member> WhoMustGo(MembershipState state, ImmutableSortedSet<Member> side)
    {
        List<(Member, Member)> broken = [];
        foreach (Member subject in side)
        {
            foreach (UniqueAddress observer in state.Reachability.ObserversOf(subject.UniqueAddress))
            {
                if (side.FirstOrDefault(member => member.UniqueAddress == observer) is { } found)
                {
                    broken.Add((found, subject));
                }
            }
        }

        ImmutableSortedSet<Member> going = [];
        while (broken.Count > 0)
        {
            Member worst = broken.SelectMany(link => new[] { link.Item1, link.Item2 })
                .GroupBy(member => member)
                .OrderByDescending(links => links.Count())
                .ThenByDescending(links => links.Key)
                .First().Key;
            going = going.Add(worst);
            broken.RemoveAll(link => link.Item1 == worst || link.Item2 == worst);
        }

        return going;
    }
}
