using Broker.Crash.History;
using Broker.Crash.Pipelined;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;
using Xunit.Abstractions;

namespace Broker.Crash.StoreFaults;

/// <summary>Two brokers, one with its WAL on disk and one with it in the bucket, each under load, whose store comes to harm at the same time.</summary>
internal sealed class BothWals : IAsyncDisposable
{
    /// <summary>What clients give a request by default.</summary>
    public static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(30);

    private static readonly string[] Kinds = ["disk", "bucket"];

    private readonly List<(NodeBroker Broker, PipelinedRun Run)> _nodes = [];

    /// <summary>Starts both, each on a bucket of its own at <paramref name="gateway"/>, which they reach by way of <paramref name="endpoint"/>.</summary>
    public static async Task<BothWals> StartAsync(CephGateway gateway, Uri endpoint, Random random)
    {
        BothWals both = new();
        foreach (string kind in Kinds)
        {
            S3ObjectStoreOptions bucket = await gateway.NewBucketAsync();
            NodeBroker broker = new(
                $"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={endpoint}", "s3.path.style=true", $"wal.kind={kind}",
                "object.store.upload.interval.ms=300", "object.store.upload.bytes=1048576");
            both._nodes.Add((broker, await PipelinedRun.StartAsync(broker, random)));
        }

        return both;
    }

    public IEnumerable<NodeBroker> Brokers => _nodes.Select(node => node.Broker);

    /// <summary>How long the slowest answer to a produce request has taken.</summary>
    public TimeSpan SlowestAnswer => _nodes.SelectMany(node => node.Run.AllProducers).Max(producer => producer.SlowestAnswer);

    /// <inheritdoc cref="PipelinedRun.WaitForProgressAsync"/>
    public Task WaitForProgressAsync() => Task.WhenAll(_nodes.Select(node => node.Run.WaitForProgressAsync()));

    /// <inheritdoc cref="PipelinedRun.WaitForAcknowledgementsAsync"/>
    public Task WaitForAcknowledgementsAsync(TimeSpan deadline) => Task.WhenAll(_nodes.Select(node => node.Run.WaitForAcknowledgementsAsync(deadline)));

    /// <summary>Kills both and starts them again.</summary>
    public async Task KillAndStartAsync()
    {
        foreach (NodeBroker broker in Brokers)
        {
            await broker.KillAsync();
            await broker.StartAsync();
        }
    }

    /// <summary>Ends the load, and checks its history: each record is there once, in order, where it was acknowledged.</summary>
    public async Task FinishAsync(ITestOutputHelper output)
    {
        foreach ((NodeBroker broker, PipelinedRun run) in _nodes)
        {
            RunHistory history = await run.FinishAsync();
            int acknowledged = history.Producers.Sum(producer => producer.Acknowledged.Count);
            output.WriteLine($"{acknowledged} records acknowledged, {history.Seen.Count} read meanwhile, slowest answer {SlowestAnswer}; log lines since the last start: {broker.Output.Count}");
            IReadOnlyList<string> violations = HistoryChecker.Check(history);
            Assert.True(violations.Count == 0, $"{violations.Count} violations, such as:\n{string.Join('\n', violations.Take(20))}");

            // Everything is acknowledged at the end, so anything beyond it is there twice.
            Assert.Equal(acknowledged, history.Stored.Values.Sum(partition => partition.High - partition.Low));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((NodeBroker broker, PipelinedRun run) in _nodes)
        {
            await run.DisposeAsync();
            await broker.DisposeAsync();
        }
    }
}
