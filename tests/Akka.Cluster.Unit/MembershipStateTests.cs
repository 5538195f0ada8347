using System.Collections.Immutable;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class MembershipStateTests
{
    private static readonly ImmutableHashSet<UniqueAddress> Nobody = [];

    [Fact]
    public void Leader_is_the_first_by_address_of_those_that_work()
    {
        Gossip gossip = Of(Member('a', MemberStatus.Joining), Member('b', MemberStatus.Exiting), Member('c', MemberStatus.Leaving), Member('d', MemberStatus.Up));

        Assert.Equal("c", gossip.At('d').Leader!.Host);
        Assert.Equal("d", gossip.Unreachable("d>c").At('d').Leader!.Host);
    }

    [Fact]
    public void Only_member_leads_whatever_its_status()
    {
        Assert.Equal("a", Of(Member('a', MemberStatus.Joining)).At('a').Leader!.Host);
        Assert.Equal("a", Of(Member('a', MemberStatus.Exiting)).At('a').Leader!.Host);
        Assert.Null(Of(Member('a', MemberStatus.Down)).At('a').Leader);
    }

    [Fact]
    public void All_agree_when_all_that_are_up_have_seen_the_gossip()
    {
        Gossip gossip = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Up), Member('c', MemberStatus.Joining)).ChangedBy(Node('a'));

        Assert.False(gossip.At('a').Convergence(Nobody));
        Assert.True(gossip.SeenBy(Node('b')).At('a').Convergence(Nobody));
        Assert.True(gossip.At('a').Convergence(ImmutableHashSet.Create(Node('b'))));
    }

    [Theory]
    [InlineData(MemberStatus.Up, false)]
    [InlineData(MemberStatus.Joining, false)]
    [InlineData(MemberStatus.Down, true)]
    [InlineData(MemberStatus.Exiting, true)]
    public void Unreachable_member_prevents_agreement_unless_it_is_on_its_way_out(MemberStatus status, bool agree) =>
        Assert.Equal(agree, Of(Member('a', MemberStatus.Up), Member('b', status)).Unreachable("a>b").At('a').Convergence(Nobody));

    [Fact]
    public void What_a_downed_member_does_not_reach_counts_for_nothing()
    {
        Gossip gossip = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Down), Member('c', MemberStatus.Up)).Unreachable("b>c");

        Assert.Empty(gossip.At('a').UnreachableMembers);
        Assert.True(gossip.At('a').Convergence(Nobody));
    }
}
