using System.Buffers;
using Broker.Crash.FullDisk;
using Broker.Crash.Pipelined;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Local;
using Broker.ObjectStore.StreamObjects;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.Wire;

namespace Broker.Crash.StoreFaults;

/// <summary>Bytes that are not what was written: what of it is refused, and that all else is served. Nothing is dropped in silence.</summary>
public sealed class DamageTests
{
    private const int Records = 12;

    /// <summary>Within the fourth of them, as they lie one behind the other in the WAL.</summary>
    private const int DamagedByte = 3_000_000;

    /// <summary>Of a segment's file, before its first record.</summary>
    private const int SegmentHeaderBytes = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly CancellationToken None = CancellationToken.None;

    [SkippableFact]
    public async Task Block_that_is_damaged_is_refused_and_told_once_and_all_other_records_are_served()
    {
        await using BrokerUnderTest broker = new NodeBroker("object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000") { IsInItsFolder = true };
        (LargeBatches first, LargeBatches second) = await FillAndStopAsync(broker);
        await DamageAsync(broker.DataFolder, "data/", async (store, key, bytes) => bytes[(await SectionOfAsync(store, key)).IndexPosition / 2]++);
        await broker.StartAsync();

        List<long> refused = [];
        for (int round = 0; round < 5; round++)
        {
            refused = await RefusedAsync(first);
        }

        long damaged = Assert.Single(refused);
        string told = Assert.Single(broker.Output, line => line.Contains("(Corrupt)", StringComparison.Ordinal));
        Assert.Matches($@"full-0 failed .*'data/\S+': the block at byte \d+, .* offsets {damaged} to {damaged}, ", told);
        await second.VerifyAsync();
        Assert.Equal(ErrorCode.None, await first.ProduceAsync(1));
    }

    [SkippableFact]
    public async Task Index_of_a_section_that_is_damaged_is_refused_and_told_once_and_other_partitions_are_served()
    {
        await using BrokerUnderTest broker = new NodeBroker("object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000") { IsInItsFolder = true };
        (LargeBatches first, LargeBatches second) = await FillAndStopAsync(broker);
        await DamageAsync(broker.DataFolder, "data/", async (store, key, bytes) => bytes[(await SectionOfAsync(store, key)).IndexPosition + 20]++);
        await broker.StartAsync();

        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(ErrorCode.KafkaStorageError, (await first.TryReadAsync(i)).Error);
        }

        string told = Assert.Single(broker.Output, line => line.Contains("PartitionReadFailed", StringComparison.Ordinal) || line.Contains("(Corrupt)", StringComparison.Ordinal));
        Assert.Matches(@"full-0 failed .*'data/\S+': the section index of \d+ bytes at byte \d+ is damaged", told);
        await second.VerifyAsync();
    }

    [SkippableFact]
    public async Task Record_of_a_wal_on_disk_that_is_damaged_is_refused_and_all_others_are_served_also_once_it_is_uploaded()
    {
        await using BrokerUnderTest broker = new NodeBroker("object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000") { IsInItsFolder = true };
        LargeBatches batches = await FillAndKillAsync(broker);
        string segment = Directory.GetFiles(Path.Combine(broker.DataFolder, "wal")).Single(HasRecords);
        FlipByte(segment, DamagedByte);

        await OneIsRefusedAsync(broker, batches, Path.GetFileName(segment));
    }

    [SkippableFact]
    public async Task Record_of_a_wal_in_the_bucket_that_is_damaged_is_refused_and_all_others_are_served_also_once_it_is_uploaded()
    {
        await using BrokerUnderTest broker = new NodeBroker("wal.kind=bucket", "object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000") { IsInItsFolder = true };
        LargeBatches batches = await FillAndKillAsync(broker);
        ObjectKey slot = await DamageAsync(broker.DataFolder, "wal/", (_, _, bytes) =>
        {
            bytes[bytes.Length / 2]++;
            return Task.CompletedTask;
        });

        await OneIsRefusedAsync(broker, batches, slot.Value.Split('/')[2]);
    }

    [SkippableTheory]
    [InlineData("wal.kind=disk")]
    [InlineData("wal.kind=bucket")]
    public async Task Wal_of_which_it_cannot_be_told_whose_records_are_damaged_ends_the_start_naming_the_place_until_it_is_restored(string kind)
    {
        await using BrokerUnderTest broker = new NodeBroker(kind, "object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000") { IsInItsFolder = true };
        LargeBatches batches = await FillAndKillAsync(broker);
        bool isOnDisk = kind.EndsWith("disk", StringComparison.Ordinal);
        string named = await FlipHeaderAsync(broker.DataFolder, isOnDisk);

        await EndsNamingAsync(broker, named, "restore");

        await FlipHeaderAsync(broker.DataFolder, isOnDisk);
        await broker.StartAsync();
        await batches.VerifyAsync();
    }

    [SkippableFact]
    public async Task Wal_in_the_bucket_that_is_damaged_for_good_can_be_given_up_and_what_was_uploaded_is_served()
    {
        using TempFolder objects = new("objects");
        string[] settings = ["wal.kind=bucket", $"object.store=file:{objects.Path}/objects", "object.store.upload.bytes=67108864", "object.store.upload.interval.ms=3600000"];
        await using NodeBroker first = new(settings);
        await first.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(first.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(2));
        Assert.Equal(0, await first.StopAsync(Patience));
        await first.StartAsync();
        LargeBatches lost = await LargeBatches.CreateAsync(first.Port, "lost");
        Assert.Equal(ErrorCode.None, await lost.ProduceAsync(Records));
        await first.KillAsync();
        ObjectKey slot = await DamageAsync(objects.Path, "wal/", (_, _, bytes) =>
        {
            bytes[0]++;
            return Task.CompletedTask;
        });

        await using NodeBroker second = new([.. settings, $"wal.disk.accept.loss={slot.Value.Split('/')[2]}"]);
        await second.StartAsync();

        batches.MoveTo(second.Port);
        await batches.VerifyAsync();
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(2));
        Assert.Contains(second.Output, line => line.Contains("given up", StringComparison.Ordinal));
    }

    private static async Task OneIsRefusedAsync(BrokerUnderTest broker, LargeBatches batches, string named)
    {
        await broker.StartAsync();
        long refused = Assert.Single(await RefusedAsync(batches));
        string told = Assert.Single(broker.Output, line => line.Contains("is damaged: reads of it fail", StringComparison.Ordinal));
        Assert.Contains($"offsets {refused} to {refused}", told, StringComparison.Ordinal);
        Assert.Contains(named, told, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(1));

        // From the object that it is uploaded to.
        Assert.Equal(0, await broker.StopAsync(Patience));
        await broker.StartAsync();
        Assert.Equal([refused], await RefusedAsync(batches));
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(1));
    }

    private static async Task<List<long>> RefusedAsync(LargeBatches batches)
    {
        List<long> refused = [];
        for (long offset = 0; offset < Records; offset++)
        {
            (ErrorCode error, IReadOnlyList<long> numbers) = await batches.TryReadAsync(offset);
            if (error == ErrorCode.None)
            {
                Assert.Equal(offset, numbers[0]);
            }
            else
            {
                Assert.Equal(ErrorCode.KafkaStorageError, error);
                refused.Add(offset);
            }
        }

        return refused;
    }

    /// <summary>Changes a byte of what says whose records they are; back at the second time.</summary>
    private static async Task<string> FlipHeaderAsync(string folder, bool isOnDisk)
    {
        if (isOnDisk)
        {
            string segment = Directory.GetFiles(Path.Combine(folder, "wal")).Single(HasRecords);
            FlipByte(segment, SegmentHeaderBytes + 30);
            return Path.GetFileName(segment);
        }

        ObjectKey slot = await DamageAsync(folder, "wal/", (_, _, bytes) =>
        {
            bytes[20] ^= 0xff;
            return Task.CompletedTask;
        });
        return slot.Value;
    }

    private static async Task<(LargeBatches First, LargeBatches Second)> FillAndStopAsync(BrokerUnderTest broker)
    {
        await broker.StartAsync();
        CrashTopic topic = new("full", 2);
        await using (RawConnection connection = await RawConnection.ConnectAsync(broker.Port, None))
        {
            await topic.CreateAsync(connection, None);
        }

        (LargeBatches first, LargeBatches second) = (new LargeBatches(topic, broker.Port), new LargeBatches(topic, broker.Port, partition: 1));
        Assert.Equal(ErrorCode.None, await first.ProduceAsync(Records));
        Assert.Equal(ErrorCode.None, await second.ProduceAsync(Records));
        Assert.Equal(0, await broker.StopAsync(Patience));
        return (first, second);
    }

    private static async Task<LargeBatches> FillAndKillAsync(BrokerUnderTest broker)
    {
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(Records));
        await broker.KillAsync();
        return batches;
    }

    /// <summary>Changes the bytes of the one object, or of the middle one of those, that lie under a prefix.</summary>
    private static async Task<ObjectKey> DamageAsync(string folder, string prefix, Func<IObjectStore, ObjectKey, byte[], Task> damage)
    {
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Path.Combine(folder, "objects")));
        List<ObjectInfo> large = await store.ListAsync(prefix, null, None).Where(info => info.SizeBytes > 100_000).ToListAsync();
        ObjectKey key = large[large.Count / 2].Key;
        byte[] bytes = (await store.GetAsync(key, ByteRange.All, None)).ToArray();
        await damage(store, key, bytes);
        await store.PutAsync(key, new ReadOnlySequence<byte>(bytes), PutCondition.None, None);
        return key;
    }

    private static async Task<SectionLocation> SectionOfAsync(IObjectStore store, ObjectKey key)
    {
        using BlockCache cache = new(new BlockCacheOptions(), new BufferPool(new BufferPoolOptions()));
        StreamObjectInfo info = await new StreamObjectReader(store, cache, new StreamObjectReaderOptions()).OpenAsync(key, None);
        return new SectionLocation(key, info.Sections[0].Stream, info.Sections[0].IndexPosition, info.Sections[0].IndexBytes);
    }

    // A file that is ready for later holds zeros.
    private static bool HasRecords(string file)
    {
        byte[] some = new byte[1000];
        using FileStream stream = File.OpenRead(file);
        stream.Position = Math.Min(stream.Length, DamagedByte);
        int read = stream.ReadAtLeast(some, some.Length, throwOnEndOfStream: false);
        return some.AsSpan(0, read).ContainsAnyExcept((byte)0);
    }

    private static void FlipByte(string file, long at)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = at;
        int value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0xff));
    }

    private static async Task EndsNamingAsync(BrokerUnderTest broker, params string[] named)
    {
        await broker.LaunchAsync();
        await broker.WaitForErrorAsync("broker: ", Patience);
        string message = Assert.Single(broker.Errors);
        Assert.Equal(1, await broker.WaitForExitAsync(Patience));
        Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
