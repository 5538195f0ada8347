using static Akka.Cluster.ClusterEvent;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class ClusterEventDiffTests
{
    [Fact]
    public void Same_state_makes_no_event() => Assert.Empty(ClusterEventDiff.Between(Up("abc").At('a'), Up("abc").At('a')));

    [Fact]
    public void Each_change_of_a_member_is_told()
    {
        Gossip before = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Up), Member('c', MemberStatus.Leaving), Member('d', MemberStatus.Down));
        Gossip now = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Leaving), Member('c', MemberStatus.Exiting), Member('e', MemberStatus.Joining));

        object[] events = [.. ClusterEventDiff.Between(before.At('a'), now.At('a'))];

        Assert.Equal(
            [
                new MemberLeft(Member('b', MemberStatus.Leaving)),
                new MemberExited(Member('c', MemberStatus.Exiting)),
                new MemberJoined(Member('e', MemberStatus.Joining)),
                new MemberRemoved(Member('d', MemberStatus.Removed), MemberStatus.Down),
            ],
            events);
    }

    [Fact]
    public void Member_that_can_not_be_reached_is_told_before_the_leader_that_follows_it()
    {
        object[] events = [.. ClusterEventDiff.Between(Up("ab").At('b'), Up("ab").Unreachable("b>a").At('b'))];

        Assert.Equal([new UnreachableMember(Member('a', MemberStatus.Up)), new LeaderChanged(Node('b').Address)], events);
    }

    [Fact]
    public void Member_that_is_back_is_told_and_one_that_was_removed_is_not_back()
    {
        MembershipState before = Up("abc").Unreachable("a>b a>c").At('a');

        object[] events = [.. ClusterEventDiff.Between(before, Up("ab").At('a'))];

        Assert.Contains(new ReachableMember(Member('b', MemberStatus.Up)), events);
        Assert.DoesNotContain(new ReachableMember(Member('c', MemberStatus.Up)), events);
    }

    [Fact]
    public void Leader_of_a_role_is_told()
    {
        Gossip now = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Up, 2, "store"));

        Assert.Contains(new RoleLeaderChanged("store", Node('b').Address), ClusterEventDiff.Between(Up("a").At('a'), now.At('a')));
    }
}
