using System.Text.Json;
using Broker.Node.Unit.Management;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary><c>broker cluster</c> on a node that is alone, and on none.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class ClusterCommandsTests
{
    [Fact]
    public async Task Node_alone_says_so_and_names_itself_and_its_listeners()
    {
        await using RunningNode node = await RunningNode.StartAsync(("node.id", "7"));

        ToolRun run = (await Cli.RunAsync(node.ManagementAddress, "cluster", "show")).MustSucceed();
        JsonElement document = await Cli.JsonAsync(node.ManagementAddress, "cluster", "show");

        Assert.Contains("The node runs alone: it has no cluster.address.", run.Output);
        Assert.Matches(@"(?m)^ *7 +1 +PLAINTEXT://127\.0\.0\.1:\d+$", run.Text);
        Assert.True(document.GetProperty("alone").GetBoolean());
        Assert.Equal((7, 7, 0), (document.GetProperty("nodeId").GetInt32(), document.GetProperty("coordinator").GetInt32(), document.GetProperty("members").GetArrayLength()));
        Assert.Equal(22, document.GetProperty("clusterId").GetString()!.Length);
        Assert.Equal(7, Assert.Single(document.GetProperty("nodes").EnumerateArray()).GetProperty("nodeId").GetInt32());
    }

    // For files and other programs: neither colours nor lines.
    [Fact]
    public async Task Output_that_goes_to_no_terminal_is_plain()
    {
        await using RunningNode node = await RunningNode.StartAsync();

        ToolRun run = (await Cli.RunAsync(node.ManagementAddress, "cluster", "show")).MustSucceed();

        Assert.All(run.Text, character => Assert.True(character is '\n' or (>= ' ' and < '\u007f'), $"'{character}' in {run.Text}"));
    }

    [Theory]
    [InlineData("leave")]
    [InlineData("down-unreachable")]
    [InlineData("down", "127.0.0.1:1")]
    [InlineData("join", "127.0.0.1:1")]
    public async Task Node_alone_has_no_cluster_to_change(string command, params string[] arguments)
    {
        await using RunningNode node = await RunningNode.StartAsync();

        string error = await Cli.RefusedAsync(node.ManagementAddress, ["cluster", command, .. arguments]);

        Assert.Contains("runs alone", error, StringComparison.Ordinal);
        Assert.False(node.StopRequested.IsCompleted);
    }

    [Fact]
    public async Task Only_member_of_a_cluster_is_shown_refuses_what_cannot_be_and_leaves()
    {
        await using RunningNode node = await RunningNode.StartAsync(("cluster.address", "127.0.0.1:0"), ("wal.kind", "bucket"));
        JsonElement document = await Cli.JsonAsync(node.ManagementAddress, "cluster", "show");
        JsonElement member = Assert.Single(document.GetProperty("members").EnumerateArray());
        string address = member.GetProperty("address").GetString()!;

        Assert.Equal("up", member.GetProperty("status").GetString());
        Assert.Equal("node-1", Assert.Single(member.GetProperty("roles").EnumerateArray()).GetString());
        Assert.All(["leader", "oldest", "self"], name => Assert.True(member.GetProperty(name).GetBoolean()));
        Assert.False(member.GetProperty("unreachable").GetBoolean());
        Assert.Contains("in a cluster already", await Cli.RefusedAsync(node.ManagementAddress, "cluster", "join", "127.0.0.1:1"), StringComparison.Ordinal);
        Assert.Contains($"no member has the address 127.0.0.1:1; there are {address}", await Cli.RefusedAsync(node.ManagementAddress, "cluster", "down", "127.0.0.1:1"), StringComparison.Ordinal);
        Assert.Contains("'garbage' is no address", await Cli.MisusedAsync(node.ManagementAddress, "cluster", "down", "garbage"), StringComparison.Ordinal);
        Assert.Contains("'a:b' is no address", await Cli.MisusedAsync(node.ManagementAddress, "cluster", "leave", "--address", "a:b"), StringComparison.Ordinal);
        Assert.Contains("'' is no address", await Cli.MisusedAsync(node.ManagementAddress, "cluster", "leave", "--address", ""), StringComparison.Ordinal);
        Assert.Contains("lives", await Cli.RefusedAsync(node.ManagementAddress, "cluster", "down", address), StringComparison.Ordinal);
        Assert.Equal("every member is reachable: nothing was done", (await Cli.RunAsync(node.ManagementAddress, "cluster", "down-unreachable")).MustSucceed().Text);
        Assert.False(node.StopRequested.IsCompleted);

        ToolRun leave = (await Cli.RunAsync(node.ManagementAddress, "cluster", "leave")).MustSucceed();

        Assert.Contains($"node 1 ({address}) leaves", leave.Text, StringComparison.Ordinal);
        await node.StopRequested.WaitAsync(node.Cancellation);
    }

    [Fact]
    public async Task Node_that_does_not_run_ends_with_1_and_a_message_that_says_where_and_what_to_do()
    {
        string address = $"127.0.0.1:{FreePort.Take()}";

        string error = await Cli.RefusedAsync(address, "cluster", "show");

        Assert.Contains($"no running node answers on {address}", error, StringComparison.Ordinal);
        Assert.Contains("--node HOST:PORT", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("a b:80")]
    public async Task Node_that_is_no_address_ends_with_2_and_a_message_that_names_it(string address)
    {
        ToolRun run = await Cli.RunAsync(address, "cluster", "show");

        Assert.Equal(Cli.BadCommandLine, run.ExitCode);
        Assert.Contains(run.Errors, line => line.Contains($"'{address}'", StringComparison.Ordinal));
    }
}
