using Akka.Configuration;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class LeaderActionsTests
{
    private static readonly ClusterSettings Settings = new(Config.Empty, "test");

    [Fact]
    public void Nothing_is_done_when_there_is_nothing_to_do()
    {
        MembershipState state = Up("abc").At('a');

        Assert.Same(state.Gossip, LeaderActions.OnConvergence(state, new HashSet<UniqueAddress>(), Settings, nowMs: 1));
    }

    [Fact]
    public void Joining_members_become_up_and_are_younger_than_all()
    {
        Gossip acted = Act(Of(Member('a', MemberStatus.Joining), Member('b', MemberStatus.Up, upNumber: 7), Member('c', MemberStatus.Joining)));

        Assert.All(acted.Members, member => Assert.Equal(MemberStatus.Up, member.Status));
        Assert.Equal([8, 7, 9], acted.Members.Select(member => member.UpNumber));
    }

    [Fact]
    public void Joining_members_wait_until_there_are_enough()
    {
        ClusterSettings atLeastThree = new("akka.cluster.min-nr-of-members = 3", "test");

        Assert.Equal(MemberStatus.Joining, Act(Of(Member('a', MemberStatus.Joining), Member('b', MemberStatus.Joining)), atLeastThree).Members[0].Status);
        Assert.Equal(MemberStatus.Up, Act(Of(Member('a', MemberStatus.Joining), Member('b', MemberStatus.Joining), Member('c', MemberStatus.Joining)), atLeastThree).Members[0].Status);
    }

    [Fact]
    public void Joining_members_wait_until_there_are_enough_of_a_role()
    {
        ClusterSettings twoStores = new("akka.cluster.role.store.min-nr-of-members = 2", "test");

        Assert.Equal(MemberStatus.Joining, Act(Of(Member('a', MemberStatus.Joining, 1, "store"), Member('b', MemberStatus.Joining)), twoStores).Members[0].Status);
        Assert.Equal(MemberStatus.Up, Act(Of(Member('a', MemberStatus.Joining, 1, "store"), Member('b', MemberStatus.Joining, 1, "store")), twoStores).Members[0].Status);
    }

    [Fact]
    public void Leaving_members_exit() =>
        Assert.Equal(MemberStatus.Exiting, Act(Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Leaving))).MemberAt(Node('b'))!.Status);

    [Theory]
    [InlineData(MemberStatus.Down)]
    [InlineData(MemberStatus.Exiting)]
    public void Unreachable_members_on_their_way_out_are_removed(MemberStatus status)
    {
        Gossip acted = Act(Of(Member('a', MemberStatus.Up), Member('b', status)).Unreachable("a>b"));

        Assert.Equal("a", Names(acted.Members));
        Assert.Equal("b", Names(acted.Tombstones.Keys));
        Assert.Empty(acted.Reachability.AllUnreachable);
    }

    [Fact]
    public void Reachable_members_that_are_down_stay_until_they_have_ended() =>
        Assert.Equal("ab", Names(Act(Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Down))).Members));

    [Fact]
    public void Exiting_members_are_removed_once_they_have_said_that_they_are_done()
    {
        Gossip gossip = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Exiting), Member('c', MemberStatus.Exiting));

        Assert.Equal("ac", Names(LeaderActions.OnConvergence(gossip.At('a'), new HashSet<UniqueAddress> { Node('b') }, Settings, nowMs: 1).Members));
    }

    private static Gossip Act(Gossip gossip, ClusterSettings? settings = null) =>
        LeaderActions.OnConvergence(gossip.At('a'), new HashSet<UniqueAddress>(), settings ?? Settings, nowMs: 1);
}
