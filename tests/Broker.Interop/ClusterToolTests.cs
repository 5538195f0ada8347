using System.Globalization;
using System.Text.Json;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Interop;

/// <summary>Apache Kafka's own Java clients with three brokers on one bucket, of which one is killed: its system tests' producer and group member. The tests need <c>KAFKA_TOOLS</c>.</summary>
public sealed class ClusterToolTests : IAsyncLifetime
{
    private const int Nodes = 3;
    private const int Records = 9_000;
    private const int RecordsPerSecond = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly TempFolder _bucket = new("interop-cluster");
    private readonly List<NodeBroker> _nodes = [];

    public async Task InitializeAsync()
    {
        for (int id = 1; id <= Nodes; id++)
        {
            _nodes.Add(new NodeBroker($"node.id={id}", $"object.store=file:{_bucket.Path}/bucket", "wal.kind=bucket", "cluster.address=127.0.0.1:0"));
            await _nodes[^1].StartAsync();
        }
    }

    public async Task DisposeAsync()
    {
        foreach (NodeBroker node in _nodes)
        {
            await node.DisposeAsync();
        }

        _bucket.Dispose();
    }

    // The first broker coordinates the cluster, and the group if it leads its partition.
    [SkippableFact]
    public async Task Producer_and_group_of_Java_go_on_when_the_coordinators_broker_is_killed()
    {
        string topic = Names.Fresh("verified");
        string[] connected = ["--bootstrap-server", string.Join(',', _nodes.Select(node => node.Bootstrap)), "--topic", topic];
        (await KafkaTools.RunAsync("kafka-topics", ["--create", "--partitions", "6", .. connected])).MustSucceed();

        // This tool alone does not send again unless it is told to.
        string settings = Path.Combine(_bucket.Path, "producer.properties");
        await File.WriteAllTextAsync(settings, "retries=2147483647\n");
        await using ChildProcess producer = ChildProcess.Start(
            KafkaTools.Launcher, ["kafka-verifiable-producer", "--command-config", settings, "--max-messages", $"{Records}", "--throughput", $"{RecordsPerSecond}", .. connected]);
        await using ChildProcess consumer = ChildProcess.Start(
            KafkaTools.Launcher, ["kafka-verifiable-consumer", "--group-id", topic, "--reset-policy", "earliest", "--verbose", .. connected]);
        await producer.WaitUntilAsync(process => process.OutputCount > Records / 4, "a quarter of the acknowledgements", Patience);
        await consumer.WaitUntilAsync(process => process.Output.Any(line => line.Contains("\"offsets_committed\"", StringComparison.Ordinal)), "a commit of the group", Patience);

        await _nodes[0].KillAsync();

        Assert.Equal(0, await producer.WaitForExitAsync(Patience));
        Assert.Equal(Enumerable.Range(0, Records), Values(producer, "producer_send_success"));
        Assert.Empty(Values(producer, "producer_send_error"));

        // What it had got and not committed when the group moved it may get again.
        await consumer.WaitUntilAsync(process => process.OutputCount > Records && Values(process, "record_data").Distinct().Count() == Records, "all records", Patience);
    }

    private static int[] Values(ChildProcess tool, string name) =>
    [
        .. tool.Output.Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("name").GetString() == name)
            .Select(line => int.Parse(line.GetProperty("value").GetString()!, CultureInfo.InvariantCulture)).Order(),
    ];
}
