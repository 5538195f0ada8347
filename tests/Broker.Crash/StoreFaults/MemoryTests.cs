using System.Globalization;
using Broker.Crash.FullDisk;
using Broker.Crash.Pipelined;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.TestSupport.S3;
using Xunit.Abstractions;

namespace Broker.Crash.StoreFaults;

/// <summary>A broker whose store is away while producers go on as fast as they can: its memory stays within its options, and they get answers.</summary>
public sealed class MemoryTests(ITestOutputHelper output)
{
    private const int Producers = 8;
    private const long CacheBytes = 32L << 20;
    private const long RequestBytes = 32L << 20;
    private const long BlockBytes = 8L << 20;

    /// <summary>The process without load, its pools, and garbage that is not collected yet.</summary>
    private const long BaseBytes = 150L << 20;

    private static readonly TimeSpan Away = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData("disk")]
    [InlineData("bucket")]
    public async Task Memory_stays_within_the_options_while_the_store_is_away_and_producers_go_on(string walKind)
    {
        CephGateway gateway = await CephGateway.SharedAsync();
        S3ObjectStoreOptions bucket = await gateway.NewBucketAsync();
        await using FaultProxy proxy = new(gateway.Endpoint);
        await using BrokerUnderTest broker = new NodeBroker(
            $"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={proxy.Endpoint}", "s3.path.style=true", $"wal.kind={walKind}",
            $"cache.log.bytes={CacheBytes}", $"queued.max.request.bytes={RequestBytes}", $"cache.block.bytes={BlockBytes}", "object.store.upload.bytes=4194304");
        await broker.StartAsync();
        CrashTopic topic = new("full", Producers);
        await using (RawConnection connection = await RawConnection.ConnectAsync(broker.Port, CancellationToken.None))
        {
            await topic.CreateAsync(connection, CancellationToken.None);
        }

        bool isAway = true;
        proxy.Inject(_ => isAway, ProxyFault.Answer(403, "AccessDenied", isForwarded: false), times: int.MaxValue);
        LargeBatches[] producers = [.. Enumerable.Range(0, Producers).Select(partition => new LargeBatches(topic, broker.Port, partition))];
        using CancellationTokenSource end = new(Away);
        await Task.WhenAll(producers.Select(producer => ProduceUntilAsync(producer, end.Token)));
        broker.MustBeRunning();
        long peak = PeakBytes(broker.ProcessId);
        output.WriteLine($"{walKind}: peak {peak >> 20} MiB, {producers.Sum(producer => producer.Acknowledged)} records acknowledged while the store was away");
        Assert.True(peak < BaseBytes + CacheBytes + RequestBytes + BlockBytes, $"{peak >> 20} MiB");

        isAway = false;
        await Task.WhenAll(producers.Select(producer => producer.ProduceInTheEndAsync(5, Patience)));
        foreach (LargeBatches producer in producers)
        {
            await producer.VerifyAsync();
        }
    }

    private static async Task ProduceUntilAsync(LargeBatches producer, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await producer.ProduceAsync(1);
        }
    }

    private static long PeakBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/status").Single(one => one.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
