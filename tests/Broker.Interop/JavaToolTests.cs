using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Interop;

/// <summary>
/// Apache Kafka's own tools. Each is a JVM that takes more than a second, so a test goes through a tool's uses in one
/// story. The tests need <c>KAFKA_TOOLS</c>.
/// </summary>
[Collection(InteropCollection.Name)]
public sealed partial class JavaToolTests(InteropBroker broker)
{
    [SkippableFact]
    public async Task Kafka_topics_creates_lists_describes_and_deletes()
    {
        string topic = Names.Fresh("java");

        ToolRun created = await ToolAsync("kafka-topics", "--create", "--topic", topic, "--partitions", "3",
            "--replication-factor", "1", "--config", "retention.ms=86400000");
        Assert.Contains($"Created topic {topic}.", created.Output);
        Assert.Contains(topic, (await ToolAsync("kafka-topics", "--list")).Output);

        ToolRun described = await ToolAsync("kafka-topics", "--describe", "--topic", topic);
        Assert.Contains("PartitionCount: 3", described.Output[0], StringComparison.Ordinal);
        Assert.Contains("ReplicationFactor: 1", described.Output[0], StringComparison.Ordinal);
        Assert.Contains("retention.ms=86400000", described.Output[0], StringComparison.Ordinal);
        string[] leaders =
            [.. described.Output.Skip(1).Select(line => PartitionLeader().Match(line)).Select(match => match.Value)];
        Assert.Equal(3, leaders.Length);
        Assert.All(leaders, leader => Assert.NotEmpty(leader));

        await ToolAsync("kafka-topics", "--delete", "--topic", topic);
        Assert.DoesNotContain(topic, (await ToolAsync("kafka-topics", "--list")).Output);
    }

    [SkippableFact]
    public async Task Kafka_topics_says_why_a_topic_cannot_be_created_or_found()
    {
        string topic = await NewTopicAsync(partitions: 1);

        ToolRun again = await KafkaTools.RunAsync("kafka-topics", Connected(["--create", "--topic", topic]));
        ToolRun illegal = await KafkaTools.RunAsync("kafka-topics", Connected(["--create", "--topic", "not/legal"]));
        ToolRun unknown = await KafkaTools.RunAsync(
            "kafka-topics", Connected(["--describe", "--topic", Names.Fresh("nowhere")]));

        Assert.NotEqual(0, again.ExitCode);
        Assert.Contains("TopicExistsException", again.Text + string.Join('\n', again.Errors), StringComparison.Ordinal);
        Assert.NotEqual(0, illegal.ExitCode);
        Assert.NotEqual(0, unknown.ExitCode);
    }

    [SkippableFact]
    public async Task Console_producer_and_consumer_carry_keys_headers_and_timestamps()
    {
        string topic = await NewTopicAsync(partitions: 1);
        string group = Names.Fresh("console");
        string[] parse = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:",
            "--reader-property", "parse.headers=true", "--reader-property", "null.marker=NIL"];
        string[] print = ["--formatter-property", "print.key=true", "--formatter-property", "print.headers=true",
            "--formatter-property", "print.timestamp=true", "--formatter-property", "print.offset=true",
            "--formatter-property", "print.partition=true"];

        await ToolAsync("kafka-console-producer", "h1:a,h2:b\tk1:v1\nh1:c\tk2:NIL\n", ["--topic", topic, .. parse]);
        await ToolAsync(
            "kafka-console-producer", "h1:d\tNIL:v3\n",
            ["--topic", topic, "--compression-codec", "zstd", "--command-property", "acks=all", .. parse]);
        ToolRun consumed = await ToolAsync(
            "kafka-console-consumer",
            ["--topic", topic, "--group", group, "--from-beginning", "--max-messages", "3", .. print]);

        string[][] rows = [.. consumed.Output.Select(line => line.Split('\t'))];
        Assert.Equal(["Partition:0", "Offset:0", "h1:a,h2:b", "k1", "v1"], rows[0][1..]);
        Assert.Equal(["Partition:0", "Offset:1", "h1:c", "k2", "null"], rows[1][1..]);
        Assert.Equal(["Partition:0", "Offset:2", "h1:d", "null", "v3"], rows[2][1..]);
        Assert.All(rows, row => Assert.StartsWith("CreateTime:", row[0], StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Console_consumer_resumes_its_group_where_it_left()
    {
        string topic = await NewTopicAsync(partitions: 1);
        string group = Names.Fresh("console");
        string[] consume = ["--topic", topic, "--group", group, "--from-beginning", "--max-messages"];
        await ToolAsync("kafka-console-producer", "a\nb\nc\nd\n", ["--topic", topic]);

        ToolRun first = await ToolAsync("kafka-console-consumer", [.. consume, "3"]);
        ToolRun rest = await ToolAsync("kafka-console-consumer", [.. consume, "1"]);

        Assert.Equal(["a", "b", "c"], first.Output);
        Assert.Equal(["d"], rest.Output);
    }

    [SkippableTheory]
    [InlineData("-1", 1_000)]
    [InlineData("1", 200)]
    public async Task Verifiable_producer_has_all_records_acknowledged_with_acks(string acks, int count)
    {
        string topic = await NewTopicAsync(partitions: 2);

        ToolRun produced = await ToolAsync(
            "kafka-verifiable-producer", "--topic", topic, "--max-messages", $"{count}", "--acks", acks);

        using JsonDocument summary = JsonDocument.Parse(produced.Output[^1]);
        Assert.Equal(count, summary.RootElement.GetProperty("acked").GetInt32());
        Assert.Equal(count, (await OffsetsAsync(topic, "latest")).Sum());
    }

    [SkippableFact]
    public async Task Verifiable_consumer_commits_what_it_consumed_and_the_group_tools_show_it()
    {
        string topic = await NewTopicAsync(partitions: 1);
        string group = Names.Fresh("verifiable");
        await ToolAsync("kafka-verifiable-producer", "--topic", topic, "--max-messages", "300", "--acks", "-1");

        await ToolAsync("kafka-verifiable-consumer", "--topic", topic, "--group-id", group, "--max-messages", "200",
            "--reset-policy", "earliest");

        Assert.Contains(group, (await ToolAsync("kafka-consumer-groups", "--list")).Output);
        ToolRun described = await ToolAsync("kafka-consumer-groups", "--describe", "--group", group);
        string row = Assert.Single(described.Output, line => line.Contains(topic, StringComparison.Ordinal));
        string[] columns = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Group, topic, partition, current offset, end offset, lag.
        Assert.Equal(["0", "200", "300", "100"], columns[2..6]);
        ToolRun state = await ToolAsync("kafka-consumer-groups", "--describe", "--group", group, "--state");
        Assert.Contains(state.Output, line => line.Contains("Empty", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Consumer_groups_shows_the_members_of_a_running_group()
    {
        string topic = await NewTopicAsync(partitions: 2);
        string group = Names.Fresh("members");
        await using ChildProcess consumer = ChildProcess.Start(
            KafkaTools.Launcher,
            ["kafka-verifiable-consumer", "--bootstrap-server", broker.Bootstrap, "--topic", topic, "--group-id", group]);
        await consumer.WaitUntilAsync(
            process => process.Output.Any(line => line.Contains("partitions_assigned", StringComparison.Ordinal)),
            "assignment", TimeSpan.FromSeconds(40));

        ToolRun members = await ToolAsync("kafka-consumer-groups", "--describe", "--group", group, "--members", "--verbose");
        ToolRun state = await ToolAsync("kafka-consumer-groups", "--describe", "--group", group, "--state");

        Assert.Contains(members.Output, line => line.Contains($"{topic}(0,1)", StringComparison.Ordinal)
            || line.Contains($"{topic}:0,1", StringComparison.Ordinal));
        Assert.Contains(state.Output, line => line.Contains("Stable", StringComparison.Ordinal));
        consumer.Signal(Signal.Terminate);
        await consumer.WaitForExitAsync(TimeSpan.FromSeconds(40));
    }

    [SkippableTheory]
    [InlineData("all")]
    [InlineData("1")]
    [InlineData("0")]
    public async Task Producer_perf_test_sends_all_its_records_with_acks(string acks)
    {
        string topic = await NewTopicAsync(partitions: 4);
        const int Count = 20_000;

        ToolRun sent = await ToolAsync("kafka-producer-perf-test", "--topic", topic, "--num-records", $"{Count}",
            "--record-size", "1024", "--throughput", "-1", "--command-property", $"acks={acks}");

        Assert.StartsWith($"{Count} records sent", sent.Output[^1], StringComparison.Ordinal);
        if (acks != "0")
        {
            Assert.Equal(Count, (await OffsetsAsync(topic, "latest")).Sum());
        }
    }

    [SkippableFact]
    public async Task Get_offsets_answers_latest_earliest_timestamps_and_the_maximum()
    {
        string topic = await NewTopicAsync(partitions: 1);
        await ToolAsync("kafka-console-producer", "a\nb\nc\n", ["--topic", topic]);

        Assert.Equal(3, Assert.Single(await OffsetsAsync(topic, "latest")));
        Assert.Equal(0, Assert.Single(await OffsetsAsync(topic, "earliest")));
        Assert.Equal(0, Assert.Single(await OffsetsAsync(topic, "1000")));
        Assert.InRange(Assert.Single(await OffsetsAsync(topic, "max-timestamp")), 0, 2);
    }

    [SkippableFact]
    public async Task Configs_describes_a_topic_with_defaults_and_overrides()
    {
        string topic = Names.Fresh("configured");
        await ToolAsync("kafka-topics", "--create", "--topic", topic, "--config", "max.message.bytes=500000");

        ToolRun dynamic = await ToolAsync(
            "kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", topic);
        ToolRun all = await ToolAsync(
            "kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", topic, "--all");

        Assert.Contains(dynamic.Output, line => line.Contains("max.message.bytes=500000", StringComparison.Ordinal));
        Assert.DoesNotContain(dynamic.Output, line => line.Contains("cleanup.policy", StringComparison.Ordinal));
        Assert.Contains(all.Output, line => line.Contains("cleanup.policy=delete", StringComparison.Ordinal));
        Assert.Contains(all.Output, line => line.Contains("max.message.bytes=500000", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Broker_api_versions_finds_every_api_of_the_first_stage_usable()
    {
        ToolRun listed = await ToolAsync("kafka-broker-api-versions");

        string[] apis = ["Produce", "Fetch", "ListOffsets", "Metadata", "OffsetCommit", "OffsetFetch", "FindCoordinator",
            "JoinGroup", "Heartbeat", "LeaveGroup", "SyncGroup", "DescribeGroups", "ListGroups", "ApiVersions",
            "CreateTopics", "DeleteTopics", "InitProducerId", "DescribeConfigs", "DescribeCluster"];
        Assert.All(apis, api => Assert.Contains(
            listed.Output,
            line => line.TrimStart().StartsWith($"{api}(", StringComparison.Ordinal)
                && line.Contains("usable", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"Leader: \d+")]
    private static partial Regex PartitionLeader();

    private async Task<string> NewTopicAsync(int partitions)
    {
        string topic = Names.Fresh("java");
        await ToolAsync("kafka-topics", "--create", "--topic", topic, "--partitions", $"{partitions}");
        return topic;
    }

    /// <summary>An offset for each partition, in the tool's order; lines are <c>topic:partition:offset</c>.</summary>
    private async Task<long[]> OffsetsAsync(string topic, string time) =>
    [
        .. (await ToolAsync("kafka-get-offsets", "--topic", topic, "--time", time)).Output
            .Select(line => long.Parse(line.Split(':')[2], CultureInfo.InvariantCulture)),
    ];

    private Task<ToolRun> ToolAsync(string tool, params string[] arguments) => ToolAsync(tool, "", arguments);

    private async Task<ToolRun> ToolAsync(string tool, string input, string[] arguments) =>
        (await KafkaTools.RunAsync(tool, Connected(arguments), input)).MustSucceed();

    private IEnumerable<string> Connected(IEnumerable<string> arguments) =>
        new[] { "--bootstrap-server", broker.Bootstrap }.Concat(arguments);
}
