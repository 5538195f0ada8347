using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>What the leader makes of a gossip that all have seen: lets members in, lets them go, takes them out. Pure.</summary>
internal static class LeaderActions
{
    /// <summary>The gossip as it is to be now; the same instance when there is nothing to do.</summary>
    /// <param name="state">What all agree on.</param>
    /// <param name="exitingConfirmed">Members that have said that they are done.</param>
    /// <param name="settings">How many members it takes to let the first in.</param>
    /// <param name="nowMs">Milliseconds since 1970.</param>
    public static Gossip OnConvergence(MembershipState state, IReadOnlySet<UniqueAddress> exitingConfirmed, ClusterSettings settings, long nowMs)
    {
        Gossip gossip = state.Gossip;
        ImmutableHashSet<UniqueAddress> removed =
        [
            .. state.UnreachableMembers.Where(member => member.Status is MemberStatus.Down or MemberStatus.Exiting).Select(member => member.UniqueAddress),
            .. gossip.Members.Where(member => member.Status == MemberStatus.Exiting && exitingConfirmed.Contains(member.UniqueAddress)).Select(member => member.UniqueAddress),
        ];
        ImmutableSortedSet<Member> members = Promoted(gossip.Members, removed, IsEnough(gossip.Members, settings));
        Gossip promoted = members.SequenceEqual(gossip.Members, SameStatus.Instance) ? gossip : gossip.WithMembers(members);
        return removed.Count == 0 ? promoted : promoted.Remove(removed, nowMs);
    }

    private static bool IsEnough(ImmutableSortedSet<Member> members, ClusterSettings settings) =>
        members.Count(IsComing) >= settings.MinNrOfMembers
        && settings.MinNrOfMembersOfRole.All(least => members.Count(member => IsComing(member) && member.HasRole(least.Key)) >= least.Value);

    private static bool IsComing(Member member) => member.Status is MemberStatus.Joining or MemberStatus.Up or MemberStatus.Leaving;

    private static ImmutableSortedSet<Member> Promoted(ImmutableSortedSet<Member> members, ImmutableHashSet<UniqueAddress> removed, bool letIn)
    {
        int upNumber = members.Where(member => member.UpNumber != Member.NotUpYet).Select(member => member.UpNumber).DefaultIfEmpty(0).Max();
        return [.. members.Select(member => member.Status switch
        {
            _ when removed.Contains(member.UniqueAddress) => member,
            MemberStatus.Joining when letIn => member.CopyUp(++upNumber),
            MemberStatus.Leaving => member.Copy(MemberStatus.Exiting),
            _ => member,
        })];
    }

    private sealed class SameStatus : IEqualityComparer<Member>
    {
        public static readonly SameStatus Instance = new();

        public bool Equals(Member? x, Member? y) => x == y && x?.Status == y?.Status;

        public int GetHashCode(Member obj) => obj.GetHashCode();
    }
}
