using Broker.Crash.FullDisk;
using Broker.TestSupport.Brokers;
using Broker.Wire;
using Xunit.Abstractions;

namespace Broker.Crash;

/// <summary>
/// WAL and object store share a disk, by default, and the disk gets full: the broker refuses what it cannot take in a way that clients
/// try again, serves reads, and goes on by itself when there is room, also when it was killed and started meanwhile.
/// </summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    /// <summary>Room for two segments of the WAL, what it leaves to uploads, and some objects.</summary>
    private const int DiskMegabytes = 420;
    private const long BallastBytes = 150L << 20;

    /// <summary>A store that was away is asked again after five seconds; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Wal_that_finds_no_room_refuses_and_goes_on_when_there_is_some()
    {
        Skip.If(CrashSettings.TargetIsApacheKafka, "Apache Kafka ends when its disk is full");
        await using BrokerUnderTest broker = new NodeBroker() { IsInItsFolder = true };
        await using SmallDisk disk = await SmallDisk.MountAsync(broker.DataFolder, DiskMegabytes);
        disk.Fill("ballast", BallastBytes);
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);

        Assert.Equal(ErrorCode.KafkaStorageError, await batches.ProduceAsync());
        output.WriteLine($"refused after {batches.Acknowledged} records, {disk.AvailableBytes} bytes were free");
        Assert.True(batches.Acknowledged > 0);
        await batches.ReadFirstAsync();
        await broker.KillAsync();
        await broker.StartAsync();
        await batches.ReadFirstAsync();

        disk.Remove("ballast");

        await batches.ProduceInTheEndAsync(20, Patience);
        await batches.VerifyAsync();
    }

    // The cache is small beside the WAL's segment: the WAL would still have room when the cache is full of what cannot be uploaded.
    [SkippableFact]
    public async Task Store_that_finds_no_room_fills_the_cache_and_goes_on_when_there_is_some()
    {
        Skip.If(CrashSettings.TargetIsApacheKafka, "Apache Kafka ends when its disk is full");
        await using BrokerUnderTest broker = new NodeBroker("cache.log.bytes=16777216", "object.store.upload.bytes=4194304", "wal.disk.segment.bytes=134217728") { IsInItsFolder = true };
        await using SmallDisk disk = await SmallDisk.MountAsync(broker.DataFolder, DiskMegabytes);
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(20));

        // Others take the room, the reserve too. The WAL gives back the segment that it had ready, and uploads go on; that is taken as well.
        disk.Fill("ballast", long.MaxValue);
        await batches.ProduceInTheEndAsync(20, Patience);
        disk.Fill("more", disk.AvailableBytes - (2 << 20));
        Assert.Equal(ErrorCode.KafkaStorageError, await batches.ProduceAsync());
        Assert.Contains("uploads fail", batches.LastError, StringComparison.Ordinal);
        output.WriteLine($"refused after {batches.Acknowledged} records, {disk.AvailableBytes} bytes were free");
        await batches.ReadFirstAsync();
        await broker.KillAsync();

        // What the killed one had just taken, of the little that was left: a start writes some hundred bytes.
        disk.Remove("more");
        disk.Fill("more", disk.AvailableBytes - (2 << 20));
        await broker.StartAsync();
        await batches.ReadFirstAsync();

        disk.Remove("ballast");
        disk.Remove("more");

        await batches.ProduceInTheEndAsync(20, Patience);
        await batches.VerifyAsync();
    }
}
