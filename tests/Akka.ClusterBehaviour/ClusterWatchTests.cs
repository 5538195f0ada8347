using Akka.Actor;

namespace Akka.ClusterBehaviour;

/// <summary>Death watch between members: the cluster says who is gone.</summary>
public sealed class ClusterWatchTests : ClusterTest
{
    [Fact]
    public async Task Actor_of_a_killed_member_counts_as_terminated_when_the_member_is_removed()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        nodes[2].System.ActorOf(Props.Create(() => new RemoteTest.Echo()), "echo");
        IActorRef echo = await RemoteTest.ResolveAsync(nodes[0], nodes[2], "echo");
        Probe probe = new(nodes[0].System);
        probe.Watch(echo);
        await echo.Ask("watched", Eventually.Default);

        await nodes[2].KillAsync(nodes[..2]);

        Terminated terminated = await probe.ExpectAsync<Terminated>();
        Assert.True(terminated.AddressTerminated);
        await AllSeeAsync(nodes[..2], nodes[..2]);
    }

    [Fact]
    public async Task Message_of_a_removed_member_is_not_heard()
    {
        // The third one does not decide by itself, and so goes on sending.
        TestNode[] two = await StartClusterAsync(2);
        TestNode third = Add(TestNode.Start(TestNode.ClusterConfig() + "\nakka.cluster.split-brain-resolver.stable-after = 20s"));
        await third.Cluster.JoinAsync(two[0].Address).WaitAsync(Eventually.Default);
        Probe here = new(two[0].System, "here");
        IActorRef fromThird = await RemoteTest.ResolveAsync(third, two[0], "here");
        fromThird.Tell("before");
        Assert.Equal("before", await here.ExpectAsync<string>());
        third.Cut(two[0]);
        third.Cut(two[1]);
        await AllSeeAsync(two, two);

        third.Heal(two[0]);
        third.Heal(two[1]);
        await Eventually.Holds(
            () =>
            {
                fromThird.Tell("after");
                return third.System.WhenTerminated.IsCompleted;
            },
            "the third one ends");

        Assert.DoesNotContain("after", here.Drain());
    }
}
