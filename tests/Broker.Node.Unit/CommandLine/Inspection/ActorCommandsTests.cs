using System.Text.Json;
using Broker.Node.Unit.Management;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary><c>broker actor hierarchy</c> on a node.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class ActorCommandsTests
{
    [Fact]
    public async Task Tree_shows_the_actors_with_their_classes_down_to_the_depth_that_is_asked_for()
    {
        await using RunningNode node = await RunningNode.StartAsync();
        await node.CreateTopicAsync("t");

        JsonElement shallow = await Cli.JsonAsync(node.ManagementAddress, "actor", "hierarchy", "--depth", "1");
        JsonElement deep = await Cli.JsonAsync(node.ManagementAddress, "actor", "hierarchy", "--depth", "25");
        string tree = (await Cli.RunAsync(node.ManagementAddress, "actor", "hierarchy", "--path", "/user")).MustSucceed().Text;

        JsonElement root = shallow.GetProperty("root");
        Assert.Equal(["system", "user"], root.GetProperty("actors").EnumerateArray().Select(child => child.GetProperty("name").GetString()));
        Assert.All(root.GetProperty("actors").EnumerateArray(), child => Assert.Equal(0, child.GetProperty("actors").GetArrayLength()));
        Assert.True(root.GetProperty("actors")[1].GetProperty("children").GetInt32() > 0);
        Assert.True(deep.GetProperty("complete").GetBoolean());
        Assert.Equal(deep.GetProperty("shown").GetInt32(), Count(deep.GetProperty("root")));
        Assert.True(Count(deep.GetProperty("root")) > Count(root));
        Assert.StartsWith("user (", tree, StringComparison.Ordinal);
        Assert.Contains("-- partitions (PartitionManagerActor)", tree, StringComparison.Ordinal);

        static int Count(JsonElement actor) => 1 + actor.GetProperty("actors").EnumerateArray().Sum(Count);
    }

    [Theory]
    [InlineData("there is no actor '/user/nobody'", "--path", "/user/nobody")]
    [InlineData("there is no actor 'garbage'", "--path", "garbage")]
    public async Task What_there_is_not_is_refused_by_name(string message, params string[] options)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Contains(message, await Cli.RefusedAsync(node.ManagementAddress, ["actor", "hierarchy", .. options]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'26' is no depth: a number from 0 to 25", "--depth", "26")]
    [InlineData("'-1' is no depth", "--depth", "-1")]
    [InlineData("'deep' is no depth", "--depth", "deep")]
    public async Task Depth_that_is_none_is_refused(string message, params string[] options)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Contains(message, await Cli.MisusedAsync(node.ManagementAddress, ["actor", "hierarchy", .. options]), StringComparison.Ordinal);
    }
}
