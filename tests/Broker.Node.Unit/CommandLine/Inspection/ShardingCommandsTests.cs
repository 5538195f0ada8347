using System.Text.Json;
using Broker.Node.Unit.Management;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary><c>broker cluster-sharding</c> on a node that is alone, and on the only one of a cluster.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class ShardingCommandsTests
{
    [Theory]
    [InlineData("list-regions")]
    [InlineData("list-shards")]
    [InlineData("stats")]
    public async Task Node_alone_has_nothing_sharded(string command)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Contains("runs alone", await Cli.RefusedAsync(node.ManagementAddress, "cluster-sharding", command), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_node_of_a_cluster_has_the_only_region_and_a_shard_for_each_partition()
    {
        await using RunningNode node = await RunningNode.StartAsync(("cluster.address", "127.0.0.1:0"), ("wal.kind", "bucket"));

        Assert.Equal("There are no shards.", (await Cli.RunAsync(node.ManagementAddress, "cluster-sharding", "list-shards")).MustSucceed().Text);
        await node.CreateTopicAsync("t");
        JsonElement[] shards = [];
        while (shards.Length == 0)
        {
            shards = [.. (await Cli.JsonAsync(node.ManagementAddress, "cluster-sharding", "list-shards")).GetProperty("shards").EnumerateArray()];
        }

        JsonElement shard = Assert.Single(shards);
        Assert.Equal(("t", 0, 1), (shard.GetProperty("topic").GetString(), shard.GetProperty("partition").GetInt32(), shard.GetProperty("nodeId").GetInt32()));
        Assert.Equal(shard.GetProperty("shard").GetString(), $"{shard.GetProperty("stream").GetInt64()}");
        Assert.True(Assert.Single((await Cli.JsonAsync(node.ManagementAddress, "cluster-sharding", "list-regions")).GetProperty("regions").EnumerateArray()).GetProperty("self").GetBoolean());
    }
}
