using Broker.Crash.FullDisk;
using Broker.Crash.History;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;
using Broker.Wire;
using Xunit.Abstractions;

namespace Broker.Crash;

/// <summary>
/// A broker that keeps nothing of its own (<c>wal.kind=bucket</c>): after kill -9 its data folder is deleted, and what it acknowledged is there.
/// </summary>
public sealed class BucketWalTests(ITestOutputHelper output)
{
    private const int Kills = 5;
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);

    [SkippableFact]
    public async Task Acknowledged_records_are_there_after_kill_9_without_the_data_folder()
    {
        using TempFolder objects = new("objects");
        await using BrokerUnderTest broker = Diskless($"object.store=file:{objects.Path}");
        await KillAndVerifyAsync(broker);
    }

    [SkippableFact]
    public async Task Acknowledged_records_that_were_never_uploaded_are_there_after_kill_9_without_the_data_folder()
    {
        using TempFolder objects = new("objects");
        await using BrokerUnderTest broker = Diskless($"object.store=file:{objects.Path}", "object.store.upload.bytes=134217728", "object.store.upload.interval.ms=3600000");
        await KillAndVerifyAsync(broker);
    }

    [SkippableFact]
    public async Task Acknowledged_records_are_there_after_kill_9_of_a_broker_that_has_nothing_but_an_s3_bucket()
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
        await using BrokerUnderTest broker = Diskless($"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={bucket.Endpoint}", "s3.path.style=true");
        await KillAndVerifyAsync(broker);
    }

    [SkippableFact]
    public async Task Acknowledged_records_survive_kills_under_load_without_the_data_folder()
    {
        using TempFolder objects = new("objects");
        await using BrokerUnderTest broker = Diskless($"object.store=file:{objects.Path}", "group.initial.rebalance.delay.ms=0");
        await using CrashRun run = await CrashRun.StartAsync(broker);
        for (int kill = 0; kill < Kills; kill++)
        {
            await run.WaitForProgressAsync();
            broker.MustBeRunning();
            await broker.KillAsync();
            Directory.Delete(broker.DataFolder, recursive: true);
            await broker.StartAsync();
        }

        await run.WaitForProgressAsync();
        RunHistory history = await run.FinishAsync();
        output.WriteLine($"acknowledged {history.Producers.Sum(producer => producer.Acknowledged.Count)}");
        Assert.True(history.Producers.Sum(producer => producer.Acknowledged.Count) > 0, "the run had no load");
        Assert.Empty(HistoryChecker.Check(history));
    }

    [SkippableFact]
    public async Task Broker_that_was_stopped_and_replaced_acknowledges_nothing_more_when_it_wakes()
    {
        using TempFolder objects = new("objects");
        await using BrokerUnderTest first = Diskless($"object.store=file:{objects.Path}");
        await using BrokerUnderTest second = Diskless($"object.store=file:{objects.Path}");
        await first.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(first.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(5));

        first.Freeze();
        await second.StartAsync();
        first.Thaw();

        // Either it knows of nothing yet and takes the request, and the WAL does not; or it has noticed first, and ends its connections.
        Assert.Contains(await batches.ProduceToOneThatEndsAsync(), new ErrorCode?[] { ErrorCode.KafkaStorageError, null });
        Assert.Equal(1, await first.WaitForExitAsync(StopDeadline));
        batches.MoveTo(second.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(5));
        await batches.VerifyAsync();
        Assert.Equal(0, await second.StopAsync(StopDeadline));
    }

    private static NodeBroker Diskless(params string[] settings) =>
        new(["wal.kind=bucket", "object.store.upload.bytes=4194304", "object.store.upload.interval.ms=500", .. settings]);

    private static async Task KillAndVerifyAsync(BrokerUnderTest broker)
    {
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(ErrorCode.None, await batches.ProduceAsync(15));
            await broker.KillAsync();
            Directory.Delete(broker.DataFolder, recursive: true);
            await broker.StartAsync();
            await batches.VerifyAsync();
        }

        Assert.Equal(0, await broker.StopAsync(StopDeadline));
        Assert.Empty(Directory.GetFileSystemEntries(broker.DataFolder));
    }
}
