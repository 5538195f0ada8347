using Broker.Actors.Cleaning;
using Broker.ObjectStore;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>What of a log's dirty part comes into the map.</summary>
public sealed class KeyScanTests
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Scan_finds_the_newest_record_of_each_key_tombstones_too(CompressionType codec)
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, Offset.Zero);

        Assert.True(scan.TryAdd(StoredBatches.Of(0, codec, "a=1", "b=1", "a=2", "=keyless")));
        Assert.True(scan.TryAdd(StoredBatches.Of(9, codec, "b", "c=1")));

        Assert.Equal([2, 9, 10], new[] { "a", "b", "c" }.Select(key => Find(map, key)));
        Assert.Equal((3, new Offset(11), false), (map.Count, scan.End, scan.IsFull));
    }

    [Fact]
    public void Scan_begins_where_it_is_told_also_within_a_batch()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, new Offset(5));

        Assert.True(scan.TryAdd(StoredBatches.Of(0, CompressionType.None, "a=1", "b=1")));
        Assert.Equal((0, new Offset(5)), (map.Count, scan.End));

        Assert.True(scan.TryAdd(StoredBatches.Of(4, CompressionType.None, "c=1", "d=1")));
        Assert.Equal((1, new Offset(6)), (map.Count, scan.End));
        Assert.Equal(5, Find(map, "d"));
    }

    [Fact]
    public void Control_record_is_no_key()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, Offset.Zero);

        Assert.True(scan.TryAdd(StoredBatches.Of(new RecordBatchOptions { BaseOffset = 3, IsControl = true, IsTransactional = true, ProducerId = 1, ProducerEpoch = 0 }, "k=v")));

        Assert.Equal((0, new Offset(4)), (map.Count, scan.End));
    }

    [Fact]
    public void Full_map_ends_the_scan_at_the_record_that_found_no_place()
    {
        using OffsetMap map = new(3 * OffsetMap.EntryBytes, 0.9);
        using KeyScan scan = new(map, Offset.Zero);

        Assert.True(scan.TryAdd(StoredBatches.Of(0, CompressionType.None, "a=1", "b=1")));
        Assert.False(scan.TryAdd(StoredBatches.Of(2, CompressionType.Gzip, "b=2", "a=2", "c=1", "a=3")));

        Assert.Equal((true, new Offset(4)), (scan.IsFull, scan.End));
        Assert.Equal([3, 2, null], new[] { "a", "b", "c" }.Select(key => Find(map, key)));

        // What comes later must not get in: the map would hold offsets beyond its end, and miss others.
        Assert.False(scan.TryAdd(StoredBatches.Of(6, CompressionType.None, "a=4")));
        Assert.Equal((new Offset(4), 3), (scan.End, Find(map, "a")));
    }

    [Fact]
    public void Damaged_batch_ends_the_scan_with_an_error_and_does_not_move_its_end()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, Offset.Zero);
        byte[] batch = StoredBatches.Of(0, CompressionType.Gzip, "a=1", "b=1");
        batch.AsSpan(RecordBatchView.HeaderBytes).Fill(0xEE);

        StorageException error = Assert.Throws<StorageException>(() => scan.TryAdd(batch));

        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Contains("offset 0", error.Message, StringComparison.Ordinal);
        Assert.Equal(Offset.Zero, scan.End);
    }

    [Fact]
    public void Block_is_scanned_batch_by_batch_up_to_where_it_is_damaged()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        using KeyScan scan = new(map, Offset.Zero);
        byte[] block = [.. StoredBatches.Of(0, CompressionType.None, "a=1", "b=1"), .. StoredBatches.Of(2, CompressionType.Zstd, "c=1")];

        Assert.Equal(StorageErrorKind.Corrupt, Assert.Throws<StorageException>(() => scan.TryAddAll(block.AsSpan(0, block.Length - 1))).Kind);
        Assert.Equal((2, new Offset(2)), (map.Count, scan.End));

        Assert.True(scan.TryAddAll(block));
        Assert.Equal((3, new Offset(3)), (map.Count, scan.End));
    }

    [Fact]
    public void Block_that_does_not_fit_the_map_ends_the_scan()
    {
        using OffsetMap map = new(3 * OffsetMap.EntryBytes, 0.9);
        using KeyScan scan = new(map, Offset.Zero);

        Assert.False(scan.TryAddAll([.. StoredBatches.Of(0, CompressionType.None, "a=1"), .. StoredBatches.Of(1, CompressionType.None, "b=1", "c=1"), .. StoredBatches.Of(3, CompressionType.None, "a=2")]));

        Assert.Equal((new Offset(2), 0L), (scan.End, Find(map, "a")));
    }

    private static long? Find(OffsetMap map, string key) => map.Find(System.Text.Encoding.UTF8.GetBytes(key))?.Value;
}
