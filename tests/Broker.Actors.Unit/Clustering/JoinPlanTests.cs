using Broker.Actors.Clustering;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Unit.Clustering;

/// <summary>Whom a start asks to let it in, and when it begins the cluster.</summary>
public sealed class JoinPlanTests
{
    private static readonly NodeEntry One = Entry(1);
    private static readonly NodeEntry Two = Entry(2);
    private static readonly NodeEntry Three = Entry(3);

    [Fact]
    public void First_start_of_all_begins_the_cluster() => AssertNobody(JoinPlan.Of(null, []));

    [Fact]
    public void Cluster_whose_members_are_all_gone_is_begun_anew() => AssertNobody(JoinPlan.Of(One, [(One, null), (Two, null)]));

    // The first may be dead since long: who is in the cluster lets the start in, however long that takes.
    [Fact]
    public void Members_are_joined_and_nobody_else() => Assert.Equal([Two], JoinPlan.Of(One, [(One, null), (Two, Member(Two)), (Three, Starting(Three))]).Members);

    [Fact]
    public void Members_are_joined_though_the_first_starts_anew() => Assert.Equal([Two], JoinPlan.Of(One, [(One, Starting(One)), (Two, Member(Two))]).Members);

    // As when all nodes start at the same time.
    [Fact]
    public void Among_starts_the_first_is_waited_for() => Assert.Equal(One, JoinPlan.Of(One, [(One, Starting(One)), (Three, Starting(Three))]).Awaited);

    [Fact]
    public void Among_starts_whose_first_is_gone_anyone_begins() => AssertNobody(JoinPlan.Of(One, [(One, null), (Three, Starting(Three))]));

    [Fact]
    public void First_that_was_followed_by_a_later_start_of_its_node_is_gone()
    {
        NodeEntry later = Entry(1);

        AssertNobody(JoinPlan.Of(One, [(later, Starting(later))]));
    }

    // Its address has been given to another one.
    [Fact]
    public void Member_at_the_address_of_another_start_is_not_that_start() => AssertNobody(JoinPlan.Of(One, [(One, Member(Two))]));

    [Fact]
    public void Of_those_that_do_not_answer_nothing_is_known_but_of_those_whose_address_is_anothers() =>
        Assert.Equal([One], JoinPlan.Of(One, [(One, null), (Two, Member(Three)), (Three, Starting(Three))]).Silent);

    private static void AssertNobody(JoinPlan plan) => Assert.Equal((0, null), (plan.Members.Count, plan.Awaited));

    private static NodeEntry Entry(int node) => new(new NodeId(node), Guid.NewGuid(), $"127.0.0.1:{node}", 0);

    private static StartIsHere Member(NodeEntry entry) => new(entry.Node, entry.Incarnation, true);

    private static StartIsHere Starting(NodeEntry entry) => new(entry.Node, entry.Incarnation, false);
}
