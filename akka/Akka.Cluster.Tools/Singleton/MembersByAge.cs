namespace Akka.Cluster.Tools.Singleton;

/// <summary>
/// The members with a role (null for all), and who of them is the oldest. One that exits or is down counts as going: it is nobody's oldest any more,
/// but what it had may still run there until it is removed.
/// </summary>
internal sealed class MembersByAge(string? role)
{
    private readonly Dictionary<UniqueAddress, Member> _members = [];

    /// <summary>The oldest one that stays; null when there is none.</summary>
    public Member? Oldest => _members.Values
        .Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving)
        .Min(Member.AgeOrdering);

    public bool HasOthersThan(UniqueAddress self) =>
        _members.Values.Any(member => member.UniqueAddress != self && member.Status is MemberStatus.Up or MemberStatus.Leaving);

    public void Set(IEnumerable<Member> members)
    {
        _members.Clear();
        foreach (Member member in members)
        {
            Put(member);
        }
    }

    public void Apply(ClusterEvent.IMemberEvent change)
    {
        if (change is ClusterEvent.MemberRemoved)
        {
            _members.Remove(change.Member.UniqueAddress);
        }
        else
        {
            Put(change.Member);
        }
    }

    public Member? Find(UniqueAddress node) => _members.GetValueOrDefault(node);

    /// <summary>Those that became up before <paramref name="self"/> and are going, but not gone yet.</summary>
    public IEnumerable<Member> GoingBefore(Member self) => _members.Values.Where(member =>
        member.Status is MemberStatus.Exiting or MemberStatus.Down && member.UpNumber != Member.NotUpYet && member.IsOlderThan(self));

    private void Put(Member member)
    {
        if (role is null || member.HasRole(role))
        {
            _members[member.UniqueAddress] = member;
        }
    }
}
