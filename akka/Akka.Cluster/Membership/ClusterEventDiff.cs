namespace Akka.Cluster;

/// <summary>The events that lead from one state to the next. Pure.</summary>
internal static class ClusterEventDiff
{
    public static IEnumerable<ClusterEvent.IClusterDomainEvent> Between(MembershipState before, MembershipState now) =>
    [
        .. Unreachable(before, now),
        .. Reachable(before, now),
        .. Members(before, now),
        .. Leader(before, now),
        .. RoleLeaders(before, now),
    ];

    private static IEnumerable<ClusterEvent.IClusterDomainEvent> Unreachable(MembershipState before, MembershipState now) =>
        now.UnreachableMembers.Except(before.UnreachableMembers).Select(member => new ClusterEvent.UnreachableMember(member));

    private static IEnumerable<ClusterEvent.IClusterDomainEvent> Reachable(MembershipState before, MembershipState now) =>
        before.UnreachableMembers.Except(now.UnreachableMembers)
            .Select(member => now.Gossip.MemberAt(member.UniqueAddress))
            .OfType<Member>()
            .Select(member => new ClusterEvent.ReachableMember(member));

    private static IEnumerable<ClusterEvent.IClusterDomainEvent> Members(MembershipState before, MembershipState now)
    {
        foreach (Member member in now.Gossip.Members)
        {
            if (before.Gossip.MemberAt(member.UniqueAddress)?.Status != member.Status && Changed(member) is { } changed)
            {
                yield return changed;
            }
        }

        foreach (Member member in before.Gossip.Members.Where(member => !now.Gossip.HasMember(member.UniqueAddress)))
        {
            yield return new ClusterEvent.MemberRemoved(member.Copy(MemberStatus.Removed), member.Status);
        }
    }

    private static ClusterEvent.MemberStatusChange? Changed(Member member) => member.Status switch
    {
        MemberStatus.Joining => new ClusterEvent.MemberJoined(member),
        MemberStatus.Up => new ClusterEvent.MemberUp(member),
        MemberStatus.Leaving => new ClusterEvent.MemberLeft(member),
        MemberStatus.Exiting => new ClusterEvent.MemberExited(member),
        MemberStatus.Down => new ClusterEvent.MemberDowned(member),
        _ => null,
    };

    private static IEnumerable<ClusterEvent.IClusterDomainEvent> Leader(MembershipState before, MembershipState now) =>
        before.Leader == now.Leader ? [] : [new ClusterEvent.LeaderChanged(now.Leader)];

    private static IEnumerable<ClusterEvent.IClusterDomainEvent> RoleLeaders(MembershipState before, MembershipState now) =>
        before.AllRoles.Union(now.AllRoles)
            .Where(role => before.RoleLeader(role) != now.RoleLeader(role))
            .Select(role => new ClusterEvent.RoleLeaderChanged(role, now.RoleLeader(role)));
}
