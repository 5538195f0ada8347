using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Akka.ClusterBehaviour;

/// <summary>Entities in shards: where they are, and how they are reached and asked about.</summary>
public sealed class ShardingTests : ShardingTest
{
    [Fact]
    public async Task Entities_are_where_the_strategy_puts_them_and_reached_from_all_nodes()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        string[] ids = [.. Enumerable.Range(0, 30).Select(i => $"e{i}")];
        for (int i = 0; i < ids.Length; i++)
        {
            Placement.Put(ids[i], nodes[i % 3]);
        }

        foreach (TestNode from in nodes)
        {
            string[] answers = await Task.WhenAll(ids.Select(id => AskAsync(from, id + "|where")));
            Assert.Equal(ids.Select((_, i) => nodes[i % 3].Host), answers);
        }

        Assert.Equal(ids.Length, Chronicle.Entries.Count);
    }

    [Fact]
    public async Task StartEntity_is_acknowledged_each_time_and_starts_it_once()
    {
        TestNode[] nodes = await StartShardedAsync(2);

        for (int i = 0; i < 3; i++)
        {
            await StartEntityAsync(nodes[0], "e1");
            await StartEntityAsync(nodes[1], "e1");
        }

        await AskAsync(nodes[0], "e1|where");
        Assert.Single(Chronicle.Entries);
    }

    [Fact]
    public async Task Messages_keep_their_order_from_before_the_shard_has_a_home()
    {
        TestNode[] nodes = await StartShardedAsync(2);
        Placement.Put("e1", nodes[1]);
        Probe probe = new(nodes[0].System);
        for (int i = 0; i < 1000; i++)
        {
            Region(nodes[0]).Tell($"e1|{i}", probe.Ref);
        }

        for (int i = 0; i < 1000; i++)
        {
            string answer = await probe.ExpectAsync<string>();
            Assert.Equal(i.ToString(), answer);
        }
    }

    [Fact]
    public async Task Region_keeps_as_many_messages_as_its_buffer_takes()
    {
        TestNode node = Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + Config + "\nakka.cluster.sharding.buffer-size = 2"));
        StartSharding(node);
        Probe probe = new(node.System);
        foreach (string message in (string[])["e1|one", "e2|two", "e3|three"])
        {
            Region(node).Tell(message, probe.Ref);
        }

        await node.Cluster.JoinAsync(node.Address).WaitAsync(Eventually.Default);

        string[] answers = [await probe.ExpectAsync<string>(), await probe.ExpectAsync<string>()];
        Assert.Equal(["one", "two"], answers.Order());
        Assert.Equal("four", await AskAsync(node, "e3|four"));
        Assert.Empty(probe.Drain());
    }

    [Fact]
    public async Task Entity_that_ends_starts_again_with_its_next_message()
    {
        TestNode[] nodes = await StartShardedAsync(2);
        string host = await AskAsync(nodes[0], "e1|where");
        Region(nodes[0]).Tell("e1|stop", ActorRefs.NoSender);
        await Chronicle.HasAsync($"e1@{host} stopped");

        await Eventually.Holds(
            () =>
            {
                Region(nodes[0]).Tell(new ShardRegion.StartEntity("e1"), ActorRefs.NoSender);
                return Chronicle.Entries.Count(entry => entry == $"e1@{host} started") == 2;
            },
            "a second start");
    }

    [Fact]
    public async Task Id_may_have_any_characters()
    {
        TestNode[] nodes = await StartShardedAsync(2);
        const string Id = "a topic/ü%20$-7";
        Placement.Put(Id, nodes[1]);

        await StartEntityAsync(nodes[0], Id);

        Assert.Equal([Id], await EntitiesOfAsync(nodes[1]));
        Assert.Equal(nodes[1].Host, await AskAsync(nodes[0], Id + "|where"));
    }

    [Fact]
    public async Task Message_that_the_extractor_fails_for_harms_no_entity()
    {
        TestNode[] nodes = await StartShardedAsync(1);
        await StartEntityAsync(nodes[0], "e1");

        Region(nodes[0]).Tell(ExtractorFailure, ActorRefs.NoSender);

        Assert.Equal(nodes[0].Host, await AskAsync(nodes[0], "e1|where"));
        Assert.Single(Chronicle.Entries);
    }

    [Fact]
    public async Task Member_without_sharding_holds_up_the_first_shard_for_the_set_time_only()
    {
        TestNode[] nodes = await StartClusterAsync(2, Config + "\nakka.cluster.sharding.waiting-for-state-timeout = 500ms");
        StartSharding(nodes[0]);

        Assert.Equal(nodes[0].Host, await AskAsync(nodes[0], "e1|where"));
    }

    [Fact]
    public async Task Node_without_the_role_sends_through_a_proxy_and_has_no_shards()
    {
        TestNode[] stores = await StartClusterAsync(2, Config + "\nakka.cluster.roles = [store]\nakka.cluster.sharding.role = store");
        StartSharding(stores);
        TestNode front = Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + Config));
        await front.Cluster.JoinAsync(stores[0].Address).WaitAsync(Eventually.Default);
        IActorRef proxy = StartProxy(front, "store");

        string[] hosts = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => proxy.Ask<string>($"e{i}|where", Eventually.Default)));

        Assert.Equal(stores.Select(store => store.Host).Order(), hosts.Distinct().Order());
    }

    [Fact]
    public async Task Regions_tell_what_they_have_and_what_all_have()
    {
        TestNode[] nodes = await StartShardedAsync(3);
        string[] ids = ["a", "b", "c", "d", "e", "f"];
        for (int i = 0; i < ids.Length; i++)
        {
            Placement.Put(ids[i], nodes[i % 3]);
        }

        await StartEntitiesAsync(nodes[0], ids);

        Assert.Equal(["a", "d"], await EntitiesOfAsync(nodes[0]));
        Assert.Equal(["c", "f"], await EntitiesOfAsync(nodes[2]));
        CurrentRegions regions = await Region(nodes[1]).Ask<CurrentRegions>(GetCurrentRegions.Instance, Eventually.Default);
        Assert.True(regions.Regions.SetEquals(nodes.Select(node => node.Address)));
        ClusterShardingStats stats = await Region(nodes[2]).Ask<ClusterShardingStats>(new GetClusterShardingStats(TimeSpan.FromSeconds(3)), Eventually.Default);
        Assert.Equal(3, stats.Regions.Count);
        Assert.All(stats.Regions.Values, region => Assert.Equal(2, region.Stats.Values.Sum()));
    }

    [Fact]
    public async Task Default_strategy_spreads_evenly_and_gives_a_new_node_its_share()
    {
        TestNode[] nodes = await StartClusterAsync(2, Config);
        StartWithDefaults(nodes);
        string[] ids = [.. Enumerable.Range(0, 12).Select(i => $"e{i}")];
        await Task.WhenAll(ids.Select(id => Default(nodes[0]).Ask<string>($"{id}|x", Eventually.Default)));
        Assert.Equal(6, await CountAsync(nodes[1]));

        TestNode third = Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + Config));
        await third.Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);
        StartWithDefaults(third);

        using CancellationTokenSource expiry = new(Eventually.Default);
        while (await CountAsync(third) < 3)
        {
            expiry.Token.ThrowIfCancellationRequested();
            await Task.WhenAll(ids.Select(id => Default(nodes[0]).Ask<string>($"{id}|x", Eventually.Default)));
        }
    }

    private static IActorRef Default(TestNode node) => ClusterSharding.Get(node.System).ShardRegion("default");

    private static async Task<int> CountAsync(TestNode node) =>
        (await Default(node).Ask<ShardRegionStats>(GetShardRegionStats.Instance, Eventually.Default)).Stats.Count;

    private static void StartWithDefaults(params TestNode[] nodes)
    {
        foreach (TestNode node in nodes)
        {
            ClusterSharding.Get(node.System).Start(
                "default",
                _ => Props.Create(() => new Echo()),
                ClusterShardingSettings.Create(node.System),
                HashCodeMessageExtractor.Create(100, message => ((string)message).Split('|')[0]));
        }
    }

    private sealed class Echo : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }
}
