using Akka.Actor;
using Akka.Cluster;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>How nodes become members, and what subscribers learn of it.</summary>
public sealed class JoiningTests : ClusterTest
{
    [Fact]
    public async Task First_seed_node_begins_a_cluster_when_no_other_answers()
    {
        TestNode absent = Add(TestNode.Create(""));
        TestNode first = Add(TestNode.Create(""));
        first.Restart(TestNode.ClusterConfig(first, absent));

        await AllSeeAsync([first], [first]);
    }

    [Fact]
    public async Task Nodes_join_one_cluster_by_seed_nodes_whatever_the_order_of_their_starts()
    {
        TestNode[] nodes = [.. Enumerable.Range(0, 3).Select(_ => Add(TestNode.Create("")))];
        foreach (TestNode node in nodes.Reverse())
        {
            node.Restart(TestNode.ClusterConfig(nodes));
        }

        await AllSeeAsync(nodes, nodes);
        Address? leader = nodes[0].Cluster.State.Leader;
        Assert.All(nodes, node => Assert.Equal(leader, node.Cluster.State.Leader));
    }

    [Fact]
    public async Task Subscriber_gets_the_state_first_and_then_events()
    {
        TestNode[] nodes = await StartClusterAsync(2);
        Probe probe = Subscribe(nodes[0], InitialStateAsSnapshot, typeof(IMemberEvent));

        CurrentClusterState state = await probe.ExpectAsync<CurrentClusterState>();
        Assert.Equal(2, state.Members.Count);

        TestNode third = Add(TestNode.Start(TestNode.ClusterConfig()));
        await third.Cluster.JoinAsync(nodes[1].Address).WaitAsync(Eventually.Default);
        Assert.Equal(third.Address, (await probe.ExpectAsync<MemberJoined>()).Member.Address);
        Assert.Equal(third.Cluster.SelfUniqueAddress, (await probe.ExpectAsync<MemberUp>()).Member.UniqueAddress);
    }

    [Fact]
    public async Task Subscriber_gets_the_state_as_events_when_it_asks_for_that()
    {
        TestNode[] nodes = await StartClusterAsync(2);
        Probe probe = Subscribe(nodes[0], InitialStateAsEvents, typeof(MemberUp));

        Address[] up = [(await probe.ExpectAsync<MemberUp>()).Member.Address, (await probe.ExpectAsync<MemberUp>()).Member.Address];
        Assert.Equal(nodes.Select(node => node.Address).ToHashSet(), up.ToHashSet());
    }

    [Fact]
    public async Task Unsubscribed_actor_gets_no_events()
    {
        TestNode[] nodes = await StartClusterAsync(1);
        Probe probe = await SubscribeAsync(nodes[0]);
        nodes[0].Cluster.Unsubscribe(probe.Ref);
        Probe other = await SubscribeAsync(nodes[0]);
        probe.Drain();

        TestNode second = Add(TestNode.Start(TestNode.ClusterConfig()));
        await second.Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);
        await other.ExpectAsync<MemberUp>();

        Assert.Empty(probe.Drain());
    }

    [Fact]
    public async Task Members_wait_for_the_least_number_of_members()
    {
        const string AtLeastTwo = "akka.cluster.min-nr-of-members = 2";
        TestNode first = Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + AtLeastTwo));
        TaskCompletionSource up = new();
        first.Cluster.RegisterOnMemberUp(up.SetResult);
        first.Cluster.Join(first.Address);
        await Eventually.Holds(() => first.Cluster.SelfMember.Status == MemberStatus.Joining, "the first node is joining");
        Assert.False(up.Task.IsCompleted);

        TestNode second = Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + AtLeastTwo));
        await second.Cluster.JoinAsync(first.Address).WaitAsync(Eventually.Default);

        await up.Task.WaitAsync(Eventually.Default);
        Assert.True(first.Cluster.IsUp);
    }

    [Fact]
    public async Task Cluster_of_more_nodes_than_are_told_at_once_agrees()
    {
        TestNode[] nodes = await StartClusterAsync(9);

        await nodes[8].Cluster.LeaveAsync().WaitAsync(Eventually.Default);

        await AllSeeAsync(nodes[..8], nodes[..8]);
        Assert.All(nodes[..8], node => Assert.Equal(nodes[0].Cluster.State.Leader, node.Cluster.State.Leader));
    }

    [Fact]
    public async Task Roles_are_known_to_all_and_have_leaders_of_their_own()
    {
        TestNode[] nodes = await StartClusterAsync(1);
        TestNode store = Add(TestNode.Start(TestNode.ClusterConfig() + "\nakka.cluster.roles = [store]"));
        await store.Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);
        await AllSeeAsync([nodes[0], store], [nodes[0], store]);

        CurrentClusterState state = nodes[0].Cluster.State;
        Assert.Equal(store.Address, state.RoleLeader("store"));
        Assert.Contains("store", store.Cluster.SelfRoles);
        Assert.True(state.Members.Single(member => member.Address == store.Address).HasRole("store"));
        Assert.Null(state.RoleLeader("other"));
    }

    [Fact]
    public async Task Node_that_finds_no_way_in_ends_when_it_is_told_to()
    {
        TestNode absent = Add(TestNode.Create(""));
        TestNode node = Add(TestNode.Create(""));
        node.Restart(TestNode.ClusterConfig(absent, node) + "\nakka.cluster.shutdown-after-unsuccessful-join-seed-nodes = 1s");

        await node.System.WhenTerminated.WaitAsync(Eventually.Default);
    }

    [Fact]
    public async Task Oldest_member_is_the_first_that_was_up()
    {
        TestNode[] nodes = await StartClusterAsync(3);

        Member[] byAge = [.. nodes[2].Cluster.State.Members.OrderBy(member => member, Member.AgeOrdering)];

        Assert.Equal(nodes.Select(node => node.Address), byAge.Select(member => member.Address));
        Assert.True(byAge[0].IsOlderThan(byAge[1]));
    }
}
