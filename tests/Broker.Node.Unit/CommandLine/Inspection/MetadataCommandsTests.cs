using System.Text.Json;
using Broker.Node.Unit.Management;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary><c>broker metadata</c>, <c>topic</c>, <c>object</c> and <c>wal</c> on a node.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class MetadataCommandsTests
{
    [Fact]
    public async Task New_node_has_a_write_ahead_log_and_nothing_else()
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Equal("There are no topics.", (await Cli.RunAsync(node.ManagementAddress, "topic", "list")).MustSucceed().Text);
        Assert.Equal("0 objects, 0 bytes\n\nNo object.", (await Cli.RunAsync(node.ManagementAddress, "object", "list")).MustSucceed().Text);
        JsonElement wal = Assert.Single((await Cli.JsonAsync(node.ManagementAddress, "wal", "list")).GetProperty("wals").EnumerateArray());
        Assert.Equal((1, false, 0), (wal.GetProperty("nodeId").GetInt32(), wal.GetProperty("fenced").GetBoolean(), wal.GetProperty("waiting").GetInt32()));
        JsonElement metadata = await Cli.JsonAsync(node.ManagementAddress, "metadata", "show");
        Assert.Equal((0, 0, 1), (metadata.GetProperty("topics").GetInt32(), metadata.GetProperty("objects").GetInt32(), metadata.GetProperty("wals").GetInt32()));
        Assert.Matches(@"(?m)^coordinator +node 1$", (await Cli.RunAsync(node.ManagementAddress, "metadata", "show")).MustSucceed().Text);
    }

    [Fact]
    public async Task Topic_shows_what_is_acknowledged_and_what_is_in_objects()
    {
        await using RunningNode node = await RunningNode.StartAsync(("object.store.upload.interval.ms", "600000"));
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 5);

        JsonElement topic = await Cli.JsonAsync(node.ManagementAddress, "topic", "describe", "t");
        ToolRun table = (await Cli.RunAsync(node.ManagementAddress, "topic", "describe", "t")).MustSucceed();

        JsonElement partition = Assert.Single(topic.GetProperty("partitions").EnumerateArray());
        Assert.Equal((1, 0, 0L, 0L, 5L), (
            partition.GetProperty("leader").GetInt32(),
            partition.GetProperty("epoch").GetInt32(),
            partition.GetProperty("startOffset").GetInt64(),
            partition.GetProperty("uploadedEnd").GetInt64(),
            partition.GetProperty("highWatermark").GetInt64()));
        Assert.Matches(@"(?m)^ +0 +\d+ +1 +0 +0 +0 +5 +0 +0 +[0-9a-f]{8}$", table.Text);
    }

    [Fact]
    public async Task Object_shows_the_records_that_lie_in_it()
    {
        await using RunningNode node = await RunningNode.StartAsync(("object.store.upload.interval.ms", "100"));
        await node.CreateTopicAsync("other");
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 5);
        while ((await node.UsageAsync()).Objects == 0)
        {
            await Task.Delay(20, node.Cancellation);
        }

        JsonElement listed = await Cli.JsonAsync(node.ManagementAddress, "object", "list", "--topic", "t");
        JsonElement one = Assert.Single(listed.GetProperty("objects").EnumerateArray());
        string id = $"{one.GetProperty("id").GetInt64()}";
        JsonElement shown = await Cli.JsonAsync(node.ManagementAddress, "object", "show", id);

        Assert.Equal((1, one.GetProperty("sizeBytes").GetInt64()), (listed.GetProperty("count").GetInt32(), listed.GetProperty("bytes").GetInt64()));
        JsonElement range = Assert.Single(shown.GetProperty("ranges").EnumerateArray());
        Assert.Equal(("t", 0, 0L, 5L), (range.GetProperty("topic").GetString(), range.GetProperty("partition").GetInt32(), range.GetProperty("baseOffset").GetInt64(), range.GetProperty("endOffset").GetInt64()));
        Assert.Equal("set", shown.GetProperty("kind").GetString());
        Assert.Matches(@"(?m)^t-0 +\d+ +0 +5 ", (await Cli.RunAsync(node.ManagementAddress, "object", "show", $"object-{id}")).MustSucceed().Text);
        Assert.Equal(0, (await Cli.JsonAsync(node.ManagementAddress, "object", "list", "--topic", "other")).GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("there is no topic 'missing'", "topic", "describe", "missing")]
    [InlineData("there is no topic ''", "topic", "describe", "")]
    [InlineData("there is no topic '?&=/ä'", "topic", "describe", "?&=/ä")]
    [InlineData("there is no topic 'missing'", "object", "list", "--topic", "missing")]
    [InlineData("there was no object 99999999 yet", "object", "show", "99999999")]
    public async Task What_there_is_not_is_refused_by_name(string message, params string[] command)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Contains(message, await Cli.RefusedAsync(node.ManagementAddress, command), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'0' is no limit", "object", "list", "--limit", "0")]
    [InlineData("'many' is no limit", "object", "list", "--limit", "many")]
    [InlineData("'garbage' is no object's id", "object", "show", "garbage")]
    [InlineData("'object-' is no object's id", "object", "show", "object-")]
    public async Task Number_that_is_none_is_refused(string message, params string[] command)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Contains(message, await Cli.MisusedAsync(node.ManagementAddress, command), StringComparison.Ordinal);
    }
}
