using Akka.Actor;
using Akka.Cluster;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>How members go in good order.</summary>
public sealed class LeavingTests : ClusterTest
{
    [Fact]
    public async Task Leaving_member_is_seen_to_leave_to_exit_and_to_be_removed()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        Probe probe = await SubscribeAsync(nodes[0]);
        TaskCompletionSource removed = new();
        nodes[2].Cluster.RegisterOnMemberRemoved(removed.SetResult);

        await nodes[2].Cluster.LeaveAsync().WaitAsync(Eventually.Default);

        await probe.ExpectAsync<MemberLeft>(Of(nodes[2]));
        await probe.ExpectAsync<MemberExited>(Of(nodes[2]));
        MemberRemoved last = await probe.ExpectAsync<MemberRemoved>(Of(nodes[2]));
        Assert.Equal(MemberStatus.Exiting, last.PreviousStatus);
        await removed.Task.WaitAsync(Eventually.Default);
        Assert.True(nodes[2].Cluster.IsTerminated);
        await nodes[2].System.WhenTerminated.WaitAsync(Eventually.Default);
        await AllSeeAsync(nodes[..2], nodes[..2]);
    }

    [Fact]
    public async Task Leader_that_leaves_is_followed_by_another()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        TestNode leader = nodes.Single(node => node.Address == nodes[0].Cluster.State.Leader);
        TestNode[] others = [.. nodes.Where(node => node != leader)];
        Probe probe = await SubscribeAsync(others[0]);

        await leader.Cluster.LeaveAsync().WaitAsync(Eventually.Default);

        await probe.ExpectAsync<LeaderChanged>(changed => changed.Leader is not null && changed.Leader != leader.Address);
        await AllSeeAsync(others, others);
    }

    [Fact]
    public async Task Coordinated_shutdown_leaves_in_its_phases_and_nobody_becomes_unreachable()
    {
        TestNode[] nodes = await StartClusterAsync(2);
        Probe probe = await SubscribeAsync(nodes[0]);
        TestNode leaving = nodes[1];
        MemberStatus? whenExiting = null;
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(leaving.System);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExiting, "look", () =>
        {
            whenExiting = leaving.Cluster.SelfMember.Status;
            return Task.FromResult(Done.Instance);
        });

        await shutdown.Run(CoordinatedShutdown.ClrExitReason.Instance).WaitAsync(Eventually.Default);

        Assert.Equal(MemberStatus.Exiting, whenExiting);
        await probe.ExpectAsync<MemberRemoved>(Of(leaving), TimeSpan.FromSeconds(2));
        await AllSeeAsync([nodes[0]], [nodes[0]]);
        Assert.DoesNotContain(probe.Drain(), message => message is UnreachableMember);
    }

    [Fact]
    public async Task Last_member_can_leave()
    {
        TestNode[] nodes = await StartClusterAsync(1);

        await nodes[0].Cluster.LeaveAsync().WaitAsync(Eventually.Default);

        await nodes[0].System.WhenTerminated.WaitAsync(Eventually.Default);
    }

    [Fact]
    public async Task Member_can_be_told_to_leave_by_another()
    {
        TestNode[] nodes = await StartClusterAsync(2);

        nodes[0].Cluster.Leave(nodes[1].Address);

        await nodes[1].System.WhenTerminated.WaitAsync(Eventually.Default);
        await AllSeeAsync([nodes[0]], [nodes[0]]);
    }

    [Fact]
    public async Task All_can_leave_at_once()
    {
        TestNode[] nodes = await StartClusterAsync(3);

        await Task.WhenAll(nodes.Select(node => node.Cluster.LeaveAsync())).WaitAsync(TimeSpan.FromSeconds(15));
    }
}
