using System.Diagnostics;
using Akka.Cluster;
using Xunit.Abstractions;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>What becomes of nodes that die, are cut off, or come back.</summary>
public sealed class FailureTests(ITestOutputHelper output) : ClusterTest
{
    /// <summary>1.3 s of silence and 0.1 s of the reaper until unreachable, 0.7 s until stable, and room for a busy machine.</summary>
    private static readonly TimeSpan RemovalBound = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Killed_member_is_unreachable_then_downed_then_removed_within_bounds()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        Probe probe = await SubscribeAsync(nodes[0]);
        UniqueAddress killed = nodes[2].Cluster.SelfUniqueAddress;

        long start = Stopwatch.GetTimestamp();
        Task killing = nodes[2].KillAsync(nodes[..2]);
        Assert.Equal(killed, (await probe.ExpectAsync<UnreachableMember>()).Member.UniqueAddress);
        Assert.Equal(killed, (await probe.ExpectAsync<MemberDowned>()).Member.UniqueAddress);
        MemberRemoved removed = await probe.ExpectAsync<MemberRemoved>();
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        await killing;
        output.WriteLine($"removed after {took.TotalMilliseconds:F0} ms");

        Assert.Equal(killed, removed.Member.UniqueAddress);
        Assert.Equal(MemberStatus.Down, removed.PreviousStatus);
        Assert.InRange(took, TimeSpan.FromSeconds(1), RemovalBound);
        await AllSeeAsync(nodes[..2], nodes[..2]);
    }

    [Fact]
    public async Task Killed_leader_is_removed_as_well()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        TestNode leader = nodes.Single(node => node.Address == nodes[0].Cluster.State.Leader);
        TestNode[] others = [.. nodes.Where(node => node != leader)];

        await leader.KillAsync(others);

        await AllSeeAsync(others, others);
        Assert.Contains(others, node => node.Address == others[0].Cluster.State.Leader);
    }

    [Fact]
    public async Task Restarted_node_at_the_same_address_takes_the_place_of_its_earlier_run()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        Probe probe = await SubscribeAsync(nodes[0]);
        UniqueAddress earlier = nodes[2].Cluster.SelfUniqueAddress;
        await nodes[2].KillAsync(nodes[..2]);

        nodes[2].Restart();
        await nodes[2].Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);

        Assert.Equal(earlier, (await probe.ExpectAsync<MemberRemoved>(Of(nodes[2]))).Member.UniqueAddress);
        MemberUp up = await probe.ExpectAsync<MemberUp>(Of(nodes[2]));
        Assert.Equal(nodes[2].Cluster.SelfUniqueAddress, up.Member.UniqueAddress);
        Assert.NotEqual(earlier, up.Member.UniqueAddress);
        await AllSeeAsync(nodes, nodes);
    }

    [Fact]
    public async Task Restarted_node_joins_again_after_its_earlier_run_was_removed()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        await nodes[2].KillAsync(nodes[..2]);
        await AllSeeAsync(nodes[..2], nodes[..2]);

        nodes[2].Restart();
        await nodes[2].Cluster.JoinAsync(nodes[1].Address).WaitAsync(Eventually.Default);

        await AllSeeAsync(nodes, nodes);
    }

    [Fact]
    public async Task Majority_stays_and_minority_ends_in_a_partition()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        nodes[2].Cut(nodes[0]);
        nodes[2].Cut(nodes[1]);

        await AllSeeAsync(nodes[..2], nodes[..2]);
        await nodes[2].System.WhenTerminated.WaitAsync(Eventually.Default);
        Assert.False(nodes[0].Cluster.IsTerminated);
        Assert.False(nodes[1].Cluster.IsTerminated);
    }

    [Fact]
    public async Task Two_of_five_that_are_killed_at_once_are_removed()
    {
        TestNode[] nodes = await StartClusterAsync(5);
        TestNode[] staying = nodes[..3];

        await Task.WhenAll(nodes[3..].Select(killed => killed.KillAsync(nodes.Where(other => other != killed))));

        await AllSeeAsync(staying, staying);
    }

    [Fact]
    public async Task Member_that_is_back_in_time_is_reachable_again_and_stays()
    {
        TestNode[] nodes = await StartClusterAsync(3, "akka.cluster.split-brain-resolver.stable-after = 20s");
        Probe probe = await SubscribeAsync(nodes[0]);
        nodes[2].Cut(nodes[0]);
        nodes[2].Cut(nodes[1]);
        await probe.ExpectAsync<UnreachableMember>(unreachable => unreachable.Member.Address == nodes[2].Address);

        nodes[2].Heal(nodes[0]);
        nodes[2].Heal(nodes[1]);

        await probe.ExpectAsync<ReachableMember>(reachable => reachable.Member.Address == nodes[2].Address);
        await AllSeeAsync(nodes, nodes);
        Assert.DoesNotContain(probe.Drain(), message => message is MemberDowned or MemberRemoved);
    }

    [Fact]
    public async Task Node_that_was_removed_while_it_could_not_decide_ends_when_it_is_back()
    {
        // The third one would wait for 20 s by itself: it is the others' refusal to hear it that ends it.
        TestNode[] two = await StartClusterAsync(2);
        TestNode third = Add(TestNode.Start(TestNode.ClusterConfig() + "\nakka.cluster.split-brain-resolver.stable-after = 20s"));
        await third.Cluster.JoinAsync(two[0].Address).WaitAsync(Eventually.Default);
        TestNode[] all = [.. two, third];
        await AllSeeAsync(all, all);
        third.Cut(two[0]);
        third.Cut(two[1]);
        await AllSeeAsync(two, two);

        third.Heal(two[0]);
        third.Heal(two[1]);

        await third.System.WhenTerminated.WaitAsync(Eventually.Default);
        await AllSeeAsync(two, two);
    }

    [Fact]
    public async Task Node_that_was_downed_by_hand_ends_by_coordinated_shutdown()
    {
        TestNode[] nodes = await StartClusterAsync(2);
        TaskCompletionSource ran = new();
        Actor.CoordinatedShutdown.Get(nodes[1].System).AddTask(Actor.CoordinatedShutdown.PhaseServiceStop, "look", () =>
        {
            ran.SetResult();
            return Task.FromResult(Done.Instance);
        });

        nodes[0].Cluster.Down(nodes[1].Address);

        await ran.Task.WaitAsync(Eventually.Default);
        await nodes[1].System.WhenTerminated.WaitAsync(Eventually.Default);
        await AllSeeAsync([nodes[0]], [nodes[0]]);
    }

    [Fact]
    public async Task Oldest_of_two_stays_with_keep_oldest()
    {
        TestNode[] nodes = await StartClusterAsync(2, "akka.cluster.split-brain-resolver.active-strategy = keep-oldest");
        nodes[0].Cut(nodes[1]);

        await AllSeeAsync([nodes[0]], [nodes[0]]);
        await nodes[1].System.WhenTerminated.WaitAsync(Eventually.Default);
    }
}
