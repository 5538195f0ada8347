using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Xunit.Abstractions;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>How shards move: by choice, with a node that leaves, and after one that died.</summary>
public sealed class ShardMoveTests(ITestOutputHelper output) : ShardingTest
{
    private const int ManyShards = 500;

    [Fact]
    public async Task Shard_that_moves_stops_first_and_messages_wait_for_it()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        Placement.Put("e1", nodes[1]);
        await StartEntityAsync(nodes[0], "e1");
        Chronicle.HoldStop();

        Placement.Put("e1", nodes[2]);
        await Chronicle.HasAsync($"e1@{nodes[1].Host} stopping");
        Task<string>[] answers = [.. nodes.Select(node => AskAsync(node, "e1|where"))];
        Assert.Equal(2, Chronicle.Entries.Count);
        long start = Stopwatch.GetTimestamp();
        Chronicle.ReleaseStop();

        Assert.All(await Task.WhenAll(answers), host => Assert.Equal(nodes[2].Host, host));
        output.WriteLine($"answered at its new home {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms after its last word at the old one");
        Assert.Equal(
            [$"e1@{nodes[1].Host} started", $"e1@{nodes[1].Host} stopping", $"e1@{nodes[1].Host} stopped", $"e1@{nodes[2].Host} started"], Chronicle.Entries);
    }

    [Fact]
    public async Task Entity_that_does_not_stop_is_stopped_after_the_handoff_timeout()
    {
        TestNode[] nodes = await StartShardedAsync(2, "akka.cluster.sharding.handoff-timeout = 300ms");
        Placement.Put("e1", nodes[0]);
        await StartEntityAsync(nodes[0], "e1");
        Chronicle.HoldStop();

        Placement.Put("e1", nodes[1]);
        await Chronicle.HasAsync($"e1@{nodes[0].Host} stopping");

        Assert.Equal(nodes[1].Host, await AskAsync(nodes[0], "e1|where"));
        Assert.Contains($"e1@{nodes[0].Host} stopped", Chronicle.Entries);
        Chronicle.ReleaseStop();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Node_that_shuts_down_moves_its_shards_before_it_leaves(int leaving)
    {
        TestNode[] nodes = await StartShardedAsync(3);
        string[] ids = [.. Enumerable.Range(0, 30).Select(i => $"e{i}")];
        await StartEntitiesAsync(nodes[2], ids);
        await Chronicle.HasCountAsync(ids.Length);
        Probe probe = await SubscribeAsync(nodes[2]);
        string[] moved = [.. Chronicle.Entries.Where(entry => entry.Contains(nodes[leaving].Host)).Select(entry => entry.Split('@')[0])];
        Assert.Equal(10, moved.Length);

        Task leave = CoordinatedShutdown.Get(nodes[leaving].System).Run(CoordinatedShutdown.ClrExitReason.Instance);
        await probe.ExpectAsync<MemberLeft>(Of(nodes[leaving]));
        Assert.Equal(10, Chronicle.Entries.Count(entry => entry.EndsWith($"{nodes[leaving].Host} stopped", StringComparison.Ordinal)));
        await StartEntitiesAsync(nodes[2], moved);
        await leave.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.All(moved, id => Assert.True(Chronicle.NeverTwoAtOnce(id)));
        string[] hosts = await Task.WhenAll(ids.Select(id => AskAsync(nodes[2], id + "|where")));
        Assert.DoesNotContain(nodes[leaving].Host, hosts);
    }

    // What a proxy keeps for a shard that nobody takes any more holds nobody up: the phase would be waited for to its end, ten seconds.
    [Fact]
    public async Task Nodes_that_all_shut_down_do_not_wait_for_each_other()
    {
        TestNode[] nodes = await StartShardedAsync(2, "akka.cluster.sharding.retry-interval = 200ms");
        IActorRef[] proxies = [.. nodes.Select(node => StartProxy(node, ""))];
        await StartEntityAsync(proxies[0], "e1");
        await Task.WhenAll(nodes.Select(async node =>
        {
            Region(node).Tell(GracefulShutdown.Instance);
            await Region(node).WatchAsync().WaitAsync(Eventually.Default);
        }));
        Assert.Contains(Chronicle.Entries, entry => entry.EndsWith("stopped", StringComparison.Ordinal));
        Array.ForEach(proxies, proxy => proxy.Tell(new ShardRegion.StartEntity("e1")));

        await Task.WhenAll(nodes.Select(node => CoordinatedShutdown.Get(node.System).Run(CoordinatedShutdown.ClrExitReason.Instance))).WaitAsync(TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task Node_that_is_told_to_leave_moves_its_shards_as_well()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        string[] ids = [.. Enumerable.Range(0, 9).Select(i => $"e{i}")];
        await StartEntitiesAsync(nodes[2], ids);
        await Chronicle.HasCountAsync(ids.Length);

        nodes[2].Cluster.Leave(nodes[0].Address);
        await nodes[0].System.WhenTerminated.WaitAsync(TimeSpan.FromSeconds(20));

        await StartEntitiesAsync(nodes[2], ids);
        Assert.All(ids, id => Assert.True(Chronicle.NeverTwoAtOnce(id)));
        Assert.Equal(3, Chronicle.Entries.Count(entry => entry.EndsWith($"{nodes[0].Host} stopped", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Entities_of_a_node_that_died_start_elsewhere_as_soon_as_it_is_removed(int dying)
    {
        TestNode[] nodes = await StartShardedAsync(3);
        string[] ids = [.. Enumerable.Range(0, ManyShards).Select(i => $"e{i}")];
        for (int i = 0; i < ids.Length; i++)
        {
            Placement.Put(ids[i], nodes[i % 3]);
        }

        long start = Stopwatch.GetTimestamp();
        await StartEntitiesAsync(nodes[1], ids);
        output.WriteLine($"{ManyShards} shards started after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        await Chronicle.HasCountAsync(ManyShards);
        string[] lost = [.. ids.Where((_, i) => i % 3 == dying)];
        Probe probe = await SubscribeAsync(nodes[1]);

        Task killing = nodes[dying].KillAsync(nodes.Where(node => node != nodes[dying]));
        await probe.ExpectAsync(Removed(nodes[dying]));
        start = Stopwatch.GetTimestamp();
        await StartEntitiesAsync(nodes[1], lost);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        await killing;
        output.WriteLine($"{lost.Length} shards started elsewhere {took.TotalMilliseconds:F0} ms after the node was removed");

        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        string[] remaining = [.. (await Task.WhenAll(nodes.Where(node => node != nodes[dying]).Select(EntitiesOfAsync))).SelectMany(each => each)];
        Assert.Equal(ids.Order(), remaining.Order());
    }

    [Fact]
    public async Task Shard_that_moves_while_the_coordinator_dies_moves_all_the_same_and_no_other_is_touched()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        Placement.Put("e1", nodes[1]);
        Placement.Put("e2", nodes[1]);
        Placement.Put("e3", nodes[2]);
        await StartEntitiesAsync(nodes[0], ["e1", "e2", "e3"]);
        Chronicle.HoldStop();
        Placement.Put("e1", nodes[2]);
        await Chronicle.HasAsync($"e1@{nodes[1].Host} stopping");
        Probe probe = await SubscribeAsync(nodes[2]);

        Task killing = nodes[0].KillAsync(nodes[1..]);
        Task<string> answer = AskAsync(nodes[2], "e1|where");
        await probe.ExpectAsync(Removed(nodes[0]));
        Chronicle.ReleaseStop();

        Assert.Equal(nodes[2].Host, await answer);
        await killing;
        Assert.True(Chronicle.NeverTwoAtOnce("e1"));
        Assert.Equal(nodes[1].Host, await AskAsync(nodes[2], "e2|where"));
        Assert.Equal(nodes[2].Host, await AskAsync(nodes[1], "e3|where"));
        Assert.DoesNotContain(Chronicle.Entries, entry => !entry.StartsWith("e1", StringComparison.Ordinal) && !entry.EndsWith("started", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Restarted_node_gets_shards_again()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        Placement.Put("e1", nodes[2]);
        await StartEntityAsync(nodes[0], "e1");
        await nodes[2].KillAsync(nodes[..2]);

        nodes[2].Restart();
        await nodes[2].Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);
        StartSharding(nodes[2]);
        Placement.Put("e2", nodes[2]);

        Assert.Equal(nodes[2].Host, await AskAsync(nodes[2], "e2|where"));
        Assert.Equal(nodes[2].Host, await AskAsync(nodes[0], "e2|where"));
    }
}
