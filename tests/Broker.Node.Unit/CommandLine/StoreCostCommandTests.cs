using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Broker.Node.Unit.Management;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.CommandLine;

/// <summary><c>broker store cost</c> as an operator runs it, and the address that it asks.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class StoreCostCommandTests
{
    private const int CannotStart = 1;
    private const int BadSettings = 2;

    [Fact]
    public async Task Table_has_requests_and_dollars_of_a_running_node()
    {
        await using RunningNode node = await RunningNode.StartAsync(("wal.kind", "bucket"));
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 4);
        await node.ProduceAsync("t", 4);

        ToolRun run = (await RunAsync(node.ManagementAddress)).MustSucceed();

        long puts = await node.RequestsAsync("put", "wal");
        Assert.True(puts >= 2);
        Assert.Matches($@"wal +put +{puts} .* 0\.0000{puts * 5:D2} .* produced", run.Text);
        Assert.Contains("GB in 8 records", run.Text, StringComparison.Ordinal);
        Assert.Contains("dollars per GB produced", run.Text, StringComparison.Ordinal);
        Assert.Contains("nothing was fetched yet", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_same_at_the_prices_that_are_given()
    {
        await using RunningNode node = await RunningNode.StartAsync(("wal.kind", "bucket"));
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 4);

        ToolRun run = (await RunAsync(node.ManagementAddress, "--json", "--price-put", "3", "--price-get", "0", "--price-gb-month", "0")).MustSucceed();

        using JsonDocument document = JsonDocument.Parse(run.Text);
        JsonElement put = document.RootElement.GetProperty("lines").EnumerateArray().Single(line => line.GetProperty("purpose").GetString() == "wal" && line.GetProperty("operation").GetString() == "put");
        long puts = await node.RequestsAsync("put", "wal");
        Assert.Equal((puts, puts * 0.003m), (put.GetProperty("requests").GetInt64(), put.GetProperty("dollars").GetDecimal()));
        Assert.Equal(4, document.RootElement.GetProperty("usage").GetProperty("producedRecords").GetInt64());
    }

    [Fact]
    public async Task Node_to_which_nothing_was_produced_has_no_figures_per_gb()
    {
        await using RunningNode node = await RunningNode.StartAsync();

        ToolRun run = (await RunAsync(node.ManagementAddress)).MustSucceed();

        Assert.Contains("nothing was produced yet", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_that_does_not_run_ends_with_1_and_a_message_that_names_the_setting()
    {
        ToolRun run = await RunAsync($"127.0.0.1:{FreePort.Take()}");

        Assert.Equal(CannotStart, run.ExitCode);
        Assert.Contains("management.listener", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is off")]
    [InlineData("127.0.0.1:0", "has port 0")]
    public async Task Listener_that_cannot_be_asked_ends_with_1_and_a_message(string listener, string message)
    {
        ToolRun run = await RunAsync(listener);

        Assert.Equal(CannotStart, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--price-put", "-1")]
    [InlineData("--price-get", "much")]
    public async Task Price_that_is_none_ends_with_2_and_a_message_that_names_the_option(string option, string value)
    {
        ToolRun run = await RunAsync("127.0.0.1:1", option, value);

        Assert.Equal(BadSettings, run.ExitCode);
        Assert.Contains(option, string.Join('\n', run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Management_address_that_is_in_use_ends_the_start_with_1_and_a_message_that_names_the_setting()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string listener = $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        using TempFolder folder = new("node");

        ToolRun run = await ToolRun.RunAsync(
            Requirement.Tool("dotnet"),
            [NodeBroker.Assembly, "start", "--override", "listeners=PLAINTEXT://127.0.0.1:0", "--override", $"log.dirs={folder.Path}", "--override", $"management.listener={listener}"]);

        Assert.Equal(CannotStart, run.ExitCode);
        Assert.StartsWith($"broker: cannot listen on {listener} (management.listener): ", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    private static Task<ToolRun> RunAsync(string listener, params string[] options) =>
        ToolRun.RunAsync(Requirement.Tool("dotnet"), [NodeBroker.Assembly, "store", "cost", "--override", $"management.listener={listener}", .. options]);
}
