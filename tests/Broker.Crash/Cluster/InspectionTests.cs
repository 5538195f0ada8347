using System.Text.Json;
using System.Text.RegularExpressions;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.TestSupport.Processes;
using Broker.Wire.Messages;

namespace Broker.Crash.Cluster;

/// <summary>Three brokers on one bucket, and an operator who looks at them by the command line.</summary>
public sealed partial class InspectionTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Nodes = 3;
    private const int Partitions = 6;

    // Far beyond what anything here takes.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TempFolder _bucket = new("cluster");
    private readonly List<NodeBroker> _nodes = [];
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(5));

    public async Task InitializeAsync()
    {
        for (int id = 1; id <= Nodes; id++)
        {
            NodeBroker node = new($"node.id={id}", $"object.store=file:{_bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
            _nodes.Add(node);
            await node.StartAsync();
            await node.WaitForOutputAsync("management ", Deadline);
        }
    }

    public async Task DisposeAsync()
    {
        foreach (NodeBroker node in _nodes)
        {
            await node.DisposeAsync();
        }

        _bucket.Dispose();
        _patience.Dispose();
    }

    [SkippableFact]
    public async Task Every_node_shows_all_members_and_one_that_is_told_to_leave_hands_its_partitions_over_and_ends_with_0()
    {
        await CreateTopicAsync();
        foreach (NodeBroker node in _nodes)
        {
            await UntilAsync(async () => (await MembersAsync(node)).Count == Nodes);
            JsonElement seen = await JsonAsync(node, "cluster", "show");
            JsonElement[] members = [.. seen.GetProperty("members").EnumerateArray()];

            Assert.Equal([1, 2, 3], members.Select(member => member.GetProperty("nodeId").GetInt32()).Order());
            Assert.All(members, member => Assert.Equal(("up", false), (member.GetProperty("status").GetString(), member.GetProperty("unreachable").GetBoolean())));
            Assert.Equal(1, Assert.Single(members, member => member.GetProperty("oldest").GetBoolean()).GetProperty("nodeId").GetInt32());
            Assert.Equal(1, seen.GetProperty("coordinator").GetInt32());
            Assert.Equal([1, 2, 3], seen.GetProperty("nodes").EnumerateArray().Select(one => one.GetProperty("nodeId").GetInt32()));
        }

        await ShardsAreWhereTheyAreLedAsync();
        await MetadataAreTheSameOnAllNodesAsync();

        // The first node is asked to have the third one leave: what is asked of another goes between them.
        string third = (await MembersAsync(_nodes[0]))[3];
        ToolRun leave = (await CliAsync(_nodes[0], "cluster", "leave", "--address", third)).MustSucceed();

        Assert.Contains($"node 3 ({third}) leaves", leave.Text, StringComparison.Ordinal);
        string log = _nodes[2].LogFile;
        Assert.Equal(0, await _nodes[2].WaitForExitAsync(Deadline));
        Assert.Contains("This node leads nothing any more", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        await UntilAsync(async () => (await LeadersAsync()).All(leader => leader is 1 or 2));
        await UntilAsync(async () => (await MembersAsync(_nodes[0])).Count == Nodes - 1);
    }

    [SkippableFact]
    public async Task Node_that_is_taken_for_dead_gives_up_what_it_leads_and_joins_again()
    {
        await CreateTopicAsync();
        string second = (await MembersAsync(_nodes[0]))[2];

        Assert.Contains($"{second} is taken for dead", (await CliAsync(_nodes[0], "cluster", "down", second)).MustSucceed().Text, StringComparison.Ordinal);

        await _nodes[1].WaitForOutputAsync("joins the cluster again", Deadline);
        await UntilAsync(async () => (await LeadersAsync()).All(leader => leader is 1 or 2 or 3));
        await UntilAsync(async () => (await MembersAsync(_nodes[0])) is var members && members.Keys.Order().SequenceEqual([1, 2, 3]) && members[2] != second);
        ToolRun leave = await CliAsync(_nodes[0], "cluster", "leave", "--address", second);
        Assert.Equal(1, leave.ExitCode);
        Assert.Contains($"no member has the address {second}", Assert.Single(leave.Errors), StringComparison.Ordinal);
        Assert.Contains("in a cluster already", Assert.Single((await CliAsync(_nodes[2], "cluster", "join", second)).Errors), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Node_that_hangs_is_taken_out_by_command_or_before_and_the_others_go_on()
    {
        Dictionary<int, string> members = await MembersAsync(_nodes[0]);
        _nodes[1].Freeze();

        // The others may not have noticed yet, and then have something to do, or the split brain resolver may have been quicker.
        ToolRun down = (await CliAsync(_nodes[0], "cluster", "down-unreachable")).MustSucceed();

        Assert.Matches($"^({members[2]} taken for dead: .*|every member is reachable: nothing was done)$", down.Text);
        await UntilAsync(async () => !(await MembersAsync(_nodes[0])).ContainsKey(2));
        _nodes[1].Thaw();
        await _nodes[1].WaitForOutputAsync("joins the cluster again", Deadline);
        await UntilAsync(async () => (await MembersAsync(_nodes[0])).ContainsKey(2));
    }

    // The internal topics are not made yet.
    private async Task ShardsAreWhereTheyAreLedAsync()
    {
        JsonElement[] shards = [];
        await UntilAsync(async () =>
        {
            shards = [.. (await JsonAsync(_nodes[2], "cluster-sharding", "list-shards")).GetProperty("shards").EnumerateArray()];
            return shards.Length == Partitions && shards.All(shard => shard.GetProperty("entities").GetInt32() == 1 && shard.GetProperty("leader").GetInt32() == shard.GetProperty("nodeId").GetInt32());
        });
        JsonElement[] regions = [.. (await JsonAsync(_nodes[1], "cluster-sharding", "list-regions")).GetProperty("regions").EnumerateArray()];
        JsonElement[] stats = [.. (await JsonAsync(_nodes[1], "cluster-sharding", "stats")).GetProperty("regions").EnumerateArray()];
        string table = (await CliAsync(_nodes[1], "cluster-sharding", "list-shards")).MustSucceed().Text;

        Assert.Equal(Enumerable.Range(0, Partitions).Select(partition => (Topic, partition)), shards.Select(shard => (shard.GetProperty("topic").GetString()!, shard.GetProperty("partition").GetInt32())));
        Assert.Equal([1, 2, 3], regions.Select(region => region.GetProperty("nodeId").GetInt32()).Order());
        Assert.Equal(2, Assert.Single(regions, region => region.GetProperty("self").GetBoolean()).GetProperty("nodeId").GetInt32());
        Assert.Equal(Partitions, stats.Sum(region => region.GetProperty("shards").GetInt32()));
        Assert.Equal(Partitions, stats.Sum(region => region.GetProperty("entities").GetInt32()));
        Assert.All(Enumerable.Range(0, Partitions), partition => Assert.Contains($"{Topic}-{partition} ", table, StringComparison.Ordinal));
    }

    private async Task MetadataAreTheSameOnAllNodesAsync()
    {
        int[] known = new int[Partitions];
        foreach ((NodeBroker node, int id) in _nodes.Select((node, i) => (node, i + 1)))
        {
            JsonElement[] partitions = [.. (await JsonAsync(node, "topic", "describe", Topic)).GetProperty("partitions").EnumerateArray()];
            JsonElement[] led = [.. partitions.Where(partition => partition.GetProperty("highWatermark").ValueKind == JsonValueKind.Number)];

            Assert.All(led, partition => Assert.Equal((id, 0L), (partition.GetProperty("leader").GetInt32(), partition.GetProperty("highWatermark").GetInt64())));
            Array.ForEach(led, partition => known[partition.GetProperty("partition").GetInt32()]++);
            Assert.Equal([1, 2, 3], (await JsonAsync(node, "wal", "list")).GetProperty("wals").EnumerateArray().Select(wal => wal.GetProperty("nodeId").GetInt32()).Order());
            JsonElement metadata = await JsonAsync(node, "metadata", "show");
            Assert.Equal((id, 1, 3), (metadata.GetProperty("nodeId").GetInt32(), metadata.GetProperty("coordinator").GetInt32(), metadata.GetProperty("nodes").GetInt32()));
        }

        Assert.All(known, times => Assert.Equal(1, times));
    }

    // By node id.
    private async Task<Dictionary<int, string>> MembersAsync(NodeBroker node) => (await JsonAsync(node, "cluster", "show")).GetProperty("members").EnumerateArray()
        .Where(member => member.GetProperty("status").GetString() == "up")
        .ToDictionary(member => member.GetProperty("nodeId").GetInt32(), member => member.GetProperty("address").GetString()!);

    private static async Task<JsonElement> JsonAsync(NodeBroker node, params string[] command)
    {
        using JsonDocument document = JsonDocument.Parse((await CliAsync(node, [.. command, "--json"])).MustSucceed().Text);
        return document.RootElement.Clone();
    }

    private static Task<ToolRun> CliAsync(NodeBroker node, params string[] command) => ToolRun.RunAsync(
        Requirement.Tool("dotnet"), [NodeBroker.Assembly, .. command, "--node", node.Output.Select(line => Management().Match(line)).First(match => match.Success).Groups["address"].Value]);

    private async Task UntilAsync(Func<Task<bool>> holds)
    {
        while (!await holds())
        {
            await Task.Delay(50, _patience.Token);
        }
    }

    private async Task<IReadOnlyList<int>> LeadersAsync()
    {
        await using RawConnection client = await RawConnection.ConnectAsync(_nodes[0].Port, _patience.Token);
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = Topic }] }, 12, _patience.Token);
        return [.. metadata.Topics[0].Partitions.Select(partition => partition.LeaderId)];
    }

    private async Task CreateTopicAsync()
    {
        await using RawConnection client = await RawConnection.ConnectAsync(_nodes[1].Port, _patience.Token);
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }], timeoutMs = 30_000 };
        CreateTopicsResponse made = await client.CallAsync<CreateTopicsResponse>(request, 7, _patience.Token);
        Assert.Equal(0, made.Topics[0].ErrorCode);
    }

    [GeneratedRegex(@"^ *management +http://(?<address>[^/]+)/metrics")]
    private static partial Regex Management();
}
