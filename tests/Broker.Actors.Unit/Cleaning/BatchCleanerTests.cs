using Broker.Actors.Cleaning;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>What a cleaning makes of single batches (D1 to D4).</summary>
public sealed class BatchCleanerTests
{
    private const long NowMs = TestBatches.TimestampMs + 1_000_000;
    private const long DeleteRetentionMs = 60_000;

    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>().Where(CompressionCodecs.IsKnown)];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Batch_of_which_everything_stays_is_the_same_memory(CompressionType codec)
    {
        byte[] batch = StoredBatches.Of(10, codec, "a=1", "b=1");

        CleanedBatch cleaned = Clean([batch], batch);

        Assert.Equal((BatchFate.Kept, TestBatches.TimestampMs + 1), (cleaned.Fate, cleaned.MaxTimestampMs));
        Assert.True(cleaned.Bytes.Equals(batch));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Record_of_which_the_map_has_a_greater_offset_goes_and_the_rest_is_as_it_was_D1_D4(CompressionType codec)
    {
        byte[] batch = StoredBatches.Of(10, codec, "a=1", "b=1", "c=1", "d=1");
        IReadOnlyList<string> before = StoredBatches.Read(batch);

        CleanedBatch cleaned = Clean([batch, StoredBatches.Of(20, codec, "b=2", "d=2")], batch);

        Assert.Equal((BatchFate.Rewritten, TestBatches.TimestampMs + 2), (cleaned.Fate, cleaned.MaxTimestampMs));
        Assert.Equal([before[0], before[2]], StoredBatches.Read(cleaned.Bytes));
        Assert.Equal(StoredBatches.Identity(batch), StoredBatches.Identity(cleaned.Bytes.Span));
        Assert.Equal((codec, 2, cleaned.MaxTimestampMs), (View(cleaned).Compression, View(cleaned).RecordCount, View(cleaned).MaxTimestamp));
    }

    [Fact]
    public void Record_beyond_the_map_stays_with_a_key_or_without_D1()
    {
        byte[] batch = StoredBatches.Of(10, CompressionType.None, "a=1", "a=2", "=x", "t");
        using OffsetMap map = new(1 << 20, 0.9);
        map.TryPut("a"u8, new Offset(11));
        using BatchCleaner cleaner = new(map, new Offset(12), NowMs, DeleteRetentionMs);

        CleanedBatch cleaned = cleaner.Clean(batch, keepsOffsets: false);

        Assert.Equal(StoredBatches.Read(batch).Skip(1), StoredBatches.Read(cleaned.Bytes));
        Assert.False(View(cleaned).HasDeleteHorizon);
        Assert.Equal(BatchFate.Kept, cleaner.Clean(StoredBatches.Of(14, CompressionType.None, "a=0", "=x", "t"), keepsOffsets: false).Fate);
        Assert.Equal((7, 6), (cleaner.RecordsRead, cleaner.RecordsKept));
    }

    [Fact]
    public void Record_without_a_key_goes_D3()
    {
        byte[] batch = StoredBatches.Of(10, CompressionType.None, "=x", "a=1", "=y");

        Assert.Equal([StoredBatches.Read(batch)[1]], StoredBatches.Read(Clean([batch], batch).Bytes));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void First_cleaning_that_meets_a_tombstone_sets_the_batches_horizon_D2(CompressionType codec)
    {
        byte[] batch = StoredBatches.Of(10, codec, "a=1", "t", "b=1");

        CleanedBatch cleaned = Clean([batch, StoredBatches.Of(20, codec, "b=2")], batch);

        Assert.Equal((BatchFate.Rewritten, true, NowMs + DeleteRetentionMs), (cleaned.Fate, View(cleaned).HasDeleteHorizon, View(cleaned).BaseTimestamp));
        Assert.Equal(StoredBatches.Read(batch).Take(2), StoredBatches.Read(cleaned.Bytes));
        Assert.Equal(StoredBatches.Identity(batch), StoredBatches.Identity(cleaned.Bytes.Span));
        Assert.Equal(TestBatches.TimestampMs + 1, View(cleaned).MaxTimestamp);
    }

    [Fact]
    public void Tombstone_stays_until_its_horizon_and_goes_then_D2()
    {
        byte[] stamped = Clean([], StoredBatches.Of(10, CompressionType.Zstd, "a=1", "t")).Bytes.ToArray();
        long horizonMs = NowMs + DeleteRetentionMs;

        CleanedBatch before = Clean([], stamped, horizonMs - 1);
        CleanedBatch after = Clean([], stamped, horizonMs);

        Assert.Equal(BatchFate.Kept, before.Fate);
        Assert.Equal(BatchFate.Rewritten, after.Fate);
        Assert.Equal([StoredBatches.Read(stamped)[0]], StoredBatches.Read(after.Bytes));
        Assert.Equal((true, horizonMs), (View(after).HasDeleteHorizon, View(after).BaseTimestamp));
    }

    [Fact]
    public void Tombstone_that_is_not_the_latest_goes_at_once_and_sets_no_horizon()
    {
        byte[] batch = StoredBatches.Of(10, CompressionType.None, "a=1", "t");

        CleanedBatch cleaned = Clean([StoredBatches.Of(20, CompressionType.None, "t=again")], batch);

        Assert.False(View(cleaned).HasDeleteHorizon);
        Assert.Equal([StoredBatches.Read(batch)[0]], StoredBatches.Read(cleaned.Bytes));
    }

    [Fact]
    public void Retention_without_end_is_a_horizon_that_never_comes()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using BatchCleaner cleaner = new(map, new Offset(100), NowMs, long.MaxValue);

        CleanedBatch cleaned = cleaner.Clean(StoredBatches.Of(10, CompressionType.None, "t"), keepsOffsets: false);

        Assert.Equal(long.MaxValue, View(cleaned).BaseTimestamp);
        Assert.StartsWith("10@0 t=null", Assert.Single(StoredBatches.Read(cleaned.Bytes)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Batch_that_loses_all_is_dropped_or_leaves_its_offsets_and_its_producer_D4(CompressionType codec)
    {
        byte[] batch = StoredBatches.Of(10, codec, "a=1", "b=1");
        byte[] later = StoredBatches.Of(20, codec, "a=2", "b=2");

        CleanedBatch dropped = Clean([later], batch);
        CleanedBatch emptied = Clean([later], batch, keepsOffsets: true);

        Assert.Equal((BatchFate.Dropped, 0, -1), (dropped.Fate, dropped.Bytes.Length, dropped.MaxTimestampMs));
        Assert.Equal((BatchFate.Emptied, RecordBatchView.HeaderBytes, -1), (emptied.Fate, emptied.Bytes.Length, emptied.MaxTimestampMs));
        Assert.Empty(StoredBatches.Read(emptied.Bytes));
        Assert.Equal(StoredBatches.Identity(batch), StoredBatches.Identity(emptied.Bytes.Span));
        Assert.Equal((CompressionType.None, -1L, -1L), (View(emptied).Compression, View(emptied).MaxTimestamp, View(emptied).BaseTimestamp));

        byte[] empty = emptied.Bytes.ToArray();
        Assert.Equal(BatchFate.Kept, Clean([later], empty, keepsOffsets: true).Fate);
        Assert.Equal(BatchFate.Dropped, Clean([later], empty).Fate);
    }

    [Fact]
    public void Control_batch_stays_as_it_is()
    {
        byte[] batch = StoredBatches.Of(new RecordBatchOptions { BaseOffset = 10, IsControl = true, IsTransactional = true, ProducerId = 1, ProducerEpoch = 0 }, "k=v");

        Assert.Equal(BatchFate.Kept, Clean([StoredBatches.Of(20, CompressionType.None, "k=2")], batch).Fate);
    }

    [Fact]
    public void Stamp_of_the_broker_stays_that_of_all_records()
    {
        byte[] batch = StoredBatches.Of(10, CompressionType.Gzip, "a=1", "b=1", "t");
        RecordBatchPatcher.SetLogAppendTime(batch, TestBatches.TimestampMs + 500);

        CleanedBatch cleaned = Clean([StoredBatches.Of(20, CompressionType.None, "b=2")], batch);

        Assert.Equal((TimestampType.LogAppendTime, TestBatches.TimestampMs + 500), (View(cleaned).TimestampType, View(cleaned).MaxTimestamp));
        Assert.Equal(["10@500 a=1 h:00,n:null", "12@500 t=null h:02,n:null"], StoredBatches.Read(cleaned.Bytes));
    }

    [Fact]
    public void Tombstones_of_a_batch_that_the_map_ends_in_get_their_horizon_from_the_next_cleaning()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        map.TryPut("t"u8, new Offset(10));
        using BatchCleaner cleaner = new(map, new Offset(11), NowMs, DeleteRetentionMs);

        Assert.Equal(BatchFate.Kept, cleaner.Clean(StoredBatches.Of(10, CompressionType.None, "t", "u"), keepsOffsets: false).Fate);
    }

    private static CleanedBatch Clean(byte[][] scanned, byte[] batch, long nowMs = NowMs, bool keepsOffsets = false)
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, Offset.Zero);
        Assert.All(scanned, one => Assert.True(scan.TryAdd(one)));
        using BatchCleaner cleaner = new(map, new Offset(1000), nowMs, DeleteRetentionMs);
        CleanedBatch cleaned = cleaner.Clean(batch, keepsOffsets);
        return cleaned.Fate == BatchFate.Kept ? cleaned : cleaned with { Bytes = cleaned.Bytes.ToArray() };
    }

    private static RecordBatchView View(in CleanedBatch cleaned) => new(cleaned.Bytes.Span);
}
