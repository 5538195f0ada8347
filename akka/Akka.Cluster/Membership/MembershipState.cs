using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>The gossip as one node sees it, and what follows from it: who leads, whether all agree.</summary>
internal sealed class MembershipState(Gossip gossip, UniqueAddress self) : IDeadLetterSuppression
{
    private readonly Lazy<Reachability> _reachability = new(() =>
        gossip.Reachability.RemoveObservers(observer => gossip.MemberAt(observer) is null or { Status: MemberStatus.Down }));

    public Gossip Gossip { get; } = gossip;

    public UniqueAddress Self { get; } = self;

    public Member? SelfMember => Gossip.MemberAt(Self);

    /// <summary>What members say that count: a downed one may be the only one that can't reach the others.</summary>
    public Reachability Reachability => _reachability.Value;

    public Address? Leader => LeaderOf(Gossip.Members)?.Address;

    public bool IsLeader => LeaderOf(Gossip.Members)?.UniqueAddress == Self;

    /// <summary>Members that some other member can't reach; never this node.</summary>
    public IEnumerable<Member> UnreachableMembers => Gossip.Members.Where(member => member.UniqueAddress != Self && !Reachability.IsReachable(member.UniqueAddress));

    public IEnumerable<string> AllRoles => Gossip.Members.SelectMany(member => member.Roles).Distinct();

    public Address? RoleLeader(string role) => LeaderOf(Gossip.Members.Where(member => member.HasRole(role)))?.Address;

    /// <summary>The first by address of the members that work; of the others where there is none.</summary>
    public Member? LeaderOf(IEnumerable<Member> members)
    {
        Member[] candidates = [.. members.Where(member => member.Status != MemberStatus.Down
            && (member.UniqueAddress == Self || Reachability.IsReachable(member.UniqueAddress)))];
        return candidates.FirstOrDefault(member => member.Status is MemberStatus.Up or MemberStatus.Leaving)
            ?? candidates.OrderBy(member => member.Status == MemberStatus.Exiting).FirstOrDefault();
    }

    /// <summary>
    /// Whether all members that count have seen this version, so that the leader may act on it: whoever takes over as the leader
    /// then knows it too. Members that are unreachable prevent it, but for those that are on their way out.
    /// </summary>
    /// <param name="exitingConfirmed">Members that have said that they are done.</param>
    public bool Convergence(IReadOnlySet<UniqueAddress> exitingConfirmed) =>
        UnreachableMembers.All(member => exitingConfirmed.Contains(member.UniqueAddress) || member.Status is MemberStatus.Down or MemberStatus.Exiting)
        && Gossip.Members.All(member => member.Status is not (MemberStatus.Up or MemberStatus.Leaving)
            || exitingConfirmed.Contains(member.UniqueAddress) || Gossip.IsSeenBy(member.UniqueAddress));

    public ClusterEvent.CurrentClusterState ToCurrentState() => new(
        Gossip.Members,
        [.. UnreachableMembers],
        [.. Gossip.Seen.Select(node => node.Address)],
        Leader,
        AllRoles.ToImmutableDictionary(role => role, RoleLeader)!);
}
