using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;

namespace Broker.Actors.Unit.Storage;

/// <summary>R1 to R4: what of the write-ahead log counts after a crash.</summary>
public sealed class WalRecoveryTests
{
    private static readonly StreamId Stream = new(0);
    private readonly BufferPool _buffers = new(new BufferPoolOptions());

    [Fact]
    public async Task R1_records_that_follow_each_other_come_back() =>
        Assert.Equal([(0, 9), (10, 19)], await RecoverAsync(0, (0, 9), (10, 19)));

    [Fact]
    public async Task R1_record_behind_a_gap_is_dropped() =>
        Assert.Equal([(0, 9)], await RecoverAsync(0, (0, 9), (20, 29)));

    [Fact]
    public async Task R1_later_record_replaces_what_was_numbered_before_a_refusal() =>
        Assert.Equal([(0, 9), (10, 12), (13, 13)], await RecoverAsync(0, (0, 9), (10, 19), (20, 29), (10, 12), (13, 13)));

    [Fact]
    public async Task R1_refused_record_stays_dropped_when_its_place_was_given_again() =>
        Assert.Equal([(0, 9), (10, 14), (15, 29)], await RecoverAsync(0, (0, 9), (20, 29), (10, 14), (15, 29)));

    [Fact]
    public async Task R2_uploaded_records_are_dropped() =>
        Assert.Equal([(10, 19)], await RecoverAsync(10, (0, 9), (10, 19)));

    // [20..29] was void, its place was given again, and what took it up to 19 is uploaded: the void record begins exactly there.
    [Fact]
    public async Task R1_void_record_does_not_come_back_when_what_replaced_it_is_uploaded() =>
        Assert.Empty(await RecoverAsync(20, (0, 9), (20, 29), (10, 14), (15, 19)));

    [Fact]
    public async Task R1_void_record_is_replaced_by_an_uploaded_one_that_begins_below_it() =>
        Assert.Equal([(20, 20)], await RecoverAsync(20, (20, 29), (10, 19), (20, 20)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 1)]
    [InlineData(20, 2)]
    public async Task R2_log_may_be_trimmed_of_what_lies_before_the_first_record_that_came_back(long uploadedEnd, long trimTo)
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(uploadedEnd), _buffers);
        await recovery.RunAsync(new RecordedWal([(0, 9), (10, 19)]), cache, CancellationToken.None);

        Assert.Equal(new WalPosition(trimTo), cache.UploadedUpTo);
    }

    [Fact]
    public async Task R3_log_may_be_trimmed_before_but_not_beyond_what_is_not_accounted_for()
    {
        LogCache cache = NewCache();
        await new WalRecovery(ImageWith(10), _buffers).RunAsync(new RecordedWal([(0, 9), (30, 34)]), cache, CancellationToken.None);

        Assert.Equal(new WalPosition(1), cache.UploadedUpTo);
    }

    [Fact]
    public async Task R2_records_of_a_deleted_stream_are_dropped()
    {
        WalRecovery recovery = new(MetadataImage.Empty, _buffers);

        Assert.Equal(0, await recovery.RunAsync(new RecordedWal([(0, 9)]), NewCache(), CancellationToken.None));
        Assert.Equal(1, recovery.DroppedBatches);
    }

    [Fact]
    public async Task R3_uploaded_records_and_refused_ones_are_accounted_for()
    {
        LeftOutBatches left = await LeftOutAsync([(0, 0), (1, 20)], (0, 0, 9), (0, 20, 29), (0, 10, 14), (0, 15, 19), (1, 20, 29), (1, 45, 49), (1, 30, 39));

        Assert.Empty(left.Conflicting);
        Assert.Empty(left.BehindGaps);
    }

    // Another WAL was written under epoch 1 from offset 5 on, and uploaded.
    [Fact]
    public async Task R3_records_whose_place_another_log_took_are_conflicting()
    {
        LeftOutBatches left = await LeftOutAsync([(0, 0), (1, 5)], (0, 0, 4), (0, 5, 9), (0, 10, 34));

        Assert.Equal([(5L, 9L), (10, 34)], left.Conflicting.Select(batch => (batch.BaseOffset.Value, batch.LastOffset.Value)));
        Assert.Empty(left.BehindGaps);
    }

    [Fact]
    public async Task R3_records_behind_a_gap_that_nothing_filled_are_counted()
    {
        LeftOutBatches left = await LeftOutAsync([(0, 0)], (0, 30, 34), (0, 40, 49));

        Assert.Equal(40, Assert.Single(left.BehindGaps).BaseOffset.Value);
        Assert.Empty(left.Conflicting);
    }

    // All is uploaded up to offset 30, under these epochs.
    private async Task<LeftOutBatches> LeftOutAsync((int Epoch, long Start)[] epochs, params (int Epoch, int Base, int Last)[] records)
    {
        MetadataImage image = ImageWith(epochs.Length > 1 ? epochs[1].Start : 30);
        foreach ((int epoch, long start) in epochs.Skip(1))
        {
            image = image.Apply(
                new MetadataBatch(
                    0,
                    [
                        new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(epoch), new Offset(start)),
                        new ObjectCommitted(
                            new ObjectId(1), new ObjectKey("data/1"), ObjectKind.StreamSet, 100, 0,
                            [new StreamRange(Stream, new LeaderEpoch(epoch), new Offset(start), new Offset(30), 0, 10, 0, 10, 0, 0)]),
                    ]),
                1);
        }

        WalRecovery recovery = new(image, _buffers);
        await recovery.RunAsync(new RecordedWal(records), NewCache(), CancellationToken.None);
        return recovery.LeftOut;
    }

    [Fact]
    public async Task R4_damaged_record_keeps_its_offsets_and_is_read_and_uploaded_as_damaged_alone()
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(0), _buffers);
        await recovery.RunAsync(new RecordedWal([(0, 9), (10, 19), (20, 29)]) { Damaged = [1] }, cache, CancellationToken.None);

        Assert.Equal(10, Assert.Single(recovery.Damaged).Batch.BaseOffset.Value);
        Assert.Equal([(CacheReadStatus.Hit, 0, 9), (CacheReadStatus.Damaged, 10, 19), (CacheReadStatus.Hit, 20, 29)], [Read(0), Read(10), Read(20)]);

        using SealedUpload upload = cache.Seal(int.MaxValue);
        EncodedObject encoded = new StreamSetObjectWriter(new StreamObjectWriterOptions()).Write(upload);
        InMemoryObjectStore store = new();
        ObjectKey key = new("data/1");
        await store.PutAsync(key, encoded.Body, PutCondition.None, CancellationToken.None);
        using BlockCache blocks = new(new BlockCacheOptions(), _buffers);
        StreamObjectReader reader = new(store, blocks, new StreamObjectReaderOptions());
        SectionLocation section = new(key, Stream, encoded.Sections[0].IndexPosition, encoded.Sections[0].IndexBytes);
        bool[] areRead = [await IsReadAsync(0), await IsReadAsync(10), await IsReadAsync(20)];
        Assert.Equal([true, false, true], areRead);

        (CacheReadStatus, int, int) Read(int offset)
        {
            using CacheReadResult read = cache.Read(Stream, new Offset(offset), int.MaxValue);
            return (read.Status, (int)read.Batches[0].BaseOffset.Value, (int)read.Batches[^1].LastOffset.Value);
        }

        async Task<bool> IsReadAsync(int offset)
        {
            try
            {
                using ObjectReadResult read = await reader.ReadAsync(section, new Offset(offset), int.MaxValue, CancellationToken.None);
                return read.Blocks[0].Info.BaseOffset.Value == offset;
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.Corrupt)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Recovery_holds_buffers_only_for_what_it_keeps()
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(0), _buffers);
        await recovery.RunAsync(new RecordedWal([(0, 9), (10, 19), (0, 9)]), cache, CancellationToken.None);

        cache.Remove(Stream);

        Assert.Equal(2, recovery.DroppedBatches);
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    // Led by another node first, whose log holds what is not uploaded; then by this one, from offset 20 on.
    [Fact]
    public async Task R1_records_of_the_leader_before_come_back_from_its_log_in_front_of_the_own_ones()
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(10), _buffers);
        await recovery.ReadAsync(new RecordedWal([(0, 0, 9), (0, 10, 19), (0, 20, 29)]).RecoverAsync(CancellationToken.None), isOwn: false, CancellationToken.None);
        await recovery.ReadAsync(new RecordedWal([(1, 20, 24), (1, 25, 26)]).RecoverAsync(CancellationToken.None), isOwn: true, CancellationToken.None);

        Assert.Equal(3, recovery.Fill(cache));

        Assert.Equal([(10, 19), (20, 24), (25, 26)], Cached(cache, 10));
        Assert.Equal(WalPosition.None, cache.UploadedUpTo);
        using SealedUpload upload = cache.Seal(int.MaxValue);
        Assert.Equal(new WalPosition(2), upload.LastPosition);
    }

    [Fact]
    public async Task R1_epochs_decide_which_of_two_logs_comes_first_whichever_was_read_first()
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(0), _buffers);
        foreach ((int Epoch, int Base, int Last)[] log in new (int, int, int)[][] { [(2, 10, 19)], [(1, 0, 9), (1, 10, 12)] })
        {
            await recovery.ReadAsync(new RecordedWal(log).RecoverAsync(CancellationToken.None), isOwn: false, CancellationToken.None);
        }

        WalRecovery.Put(recovery.Judge(), cache);

        Assert.Equal([(0, 9), (10, 19)], Cached(cache, 0));
        Assert.Empty(recovery.LeftOutOfOthers.BehindGaps);
        cache.Remove(Stream);
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Streams_that_are_not_asked_for_stay_where_they_are()
    {
        WalRecovery recovery = new(ImageWith(0), _buffers, new HashSet<StreamId>());

        Assert.Equal(0, await recovery.RunAsync(new RecordedWal([(0, 9)]), NewCache(), CancellationToken.None));
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    private static (int, int)[] Cached(LogCache cache, long from)
    {
        using CacheReadResult read = cache.Read(Stream, new Offset(from), int.MaxValue);
        return [.. read.Batches.Select(batch => ((int)batch.BaseOffset.Value, (int)batch.LastOffset.Value))];
    }

    private async Task<(int, int)[]> RecoverAsync(long uploadedEnd, params (int Base, int Last)[] records)
    {
        LogCache cache = NewCache();
        WalRecovery recovery = new(ImageWith(uploadedEnd), _buffers);
        int recovered = await recovery.RunAsync(new RecordedWal(records), cache, CancellationToken.None);
        Assert.Equal(records.Length - recovered, recovery.DroppedBatches);
        return Cached(cache, uploadedEnd);
    }

    private static LogCache NewCache() => new(new LogCacheOptions(), TimeProvider.System);

    private static MetadataImage ImageWith(long uploadedEnd)
    {
        Guid topic = Guid.Parse("00000000-0000-0000-0000-000000000001");
        List<MetadataEvent> events =
        [
            new TopicCreated(topic, "t", [Stream], ImmutableDictionary<string, string>.Empty, false),
            new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero),
        ];
        if (uploadedEnd > 0)
        {
            events.Add(new ObjectIdBlockAllocated(new NodeId(1), 0, 10));
            events.Add(new ObjectCommitted(
                new ObjectId(0), new ObjectKey("data/0"), ObjectKind.StreamSet, 100, 0,
                [new StreamRange(Stream, new LeaderEpoch(0), Offset.Zero, new Offset(uploadedEnd), 0, 10, 0, 10, 0, 0)]));
        }

        return MetadataImage.Empty.Apply(new MetadataBatch(0, events), 0);
    }

    /// <summary>A log that recovery finds in this state.</summary>
    private sealed class RecordedWal(IReadOnlyList<(int Epoch, int Base, int Last)> records) : IWriteAheadLog
    {
        public RecordedWal(IReadOnlyList<(int Base, int Last)> records)
            : this([.. records.Select(record => (0, record.Base, record.Last))])
        {
        }

        /// <summary>Which records' payloads are damaged.</summary>
        public HashSet<int> Damaged { get; init; } = [];

        public long CapacityBytes => 1;

        public long UsedBytes => 0;

        public long SlotsWritten => 0;

        public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
        {
            await Task.Yield();
            for (int i = 0; i < records.Count; i++)
            {
                (int epoch, int first, int last) = records[i];
                yield return new WalRecoveredRecord(new WalPosition(i + 1), new WalRecord(Stream, new LeaderEpoch(epoch), new Offset(first), new Offset(last), 0, new byte[8], Broker.Wire.Records.Crc32C.Compute([.. new byte[7], (byte)(Damaged.Contains(i) ? 1 : 0)]))) { Damage = Damaged.Contains(i) ? $"record {i}" : null };
            }
        }

        public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
