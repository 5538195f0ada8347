using Broker.Actors.Cleaning;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.Wire.Compression;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>Blocks cleaned on their way into new objects.</summary>
public sealed class CleaningRewriterTests : IDisposable
{
    private readonly OffsetMap _map = new(1 << 20, 0.9);
    private readonly BatchCleaner _cleaner;

    public CleaningRewriterTests()
    {
        using KeyScan scan = new(_map, Offset.Zero);
        Assert.True(scan.TryAddAll(Block()));
        _cleaner = new BatchCleaner(_map, scan.End, TestBatches.TimestampMs, 1000);
    }

    [Fact]
    public void Blocks_batches_come_out_without_what_goes()
    {
        Assert.Equal(
            ["2-3 at most 0 in 1: 2@0 c=1 h:00,n:null", "4-6 at most 1 in 2: 4@0 a=2 h:00,n:null 5@1 b=2 h:01,n:null"],
            Rewrite(Block(), isLast: false));
    }

    [Fact]
    public void Last_batch_of_the_last_block_stays_be_it_empty()
    {
        byte[] block = Block()[..StoredBatches.Of(0, CompressionType.None, "a=1", "b=1").Length];

        Assert.Empty(Rewrite(block, isLast: false));
        Assert.Equal(["0-1 at most -1 in 0: "], Rewrite(block, isLast: true));
        Assert.Equal(3, Rewrite(Block(), isLast: true).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(70)]
    public void Block_that_ends_within_a_batch_is_corrupt(int missing)
    {
        StorageException error = Assert.Throws<StorageException>(() => Rewrite(Block()[..^missing], isLast: true));

        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
    }

    public void Dispose()
    {
        _cleaner.Dispose();
        _map.Dispose();
    }

    private List<string> Rewrite(byte[] block, bool isLast)
    {
        List<string> batches = [];
        foreach (RewrittenBatch batch in new CleaningRewriter(_cleaner).Rewrite(block, isLast))
        {
            IReadOnlyList<string> records = StoredBatches.Read(batch.Bytes);
            long newestMs = batch.MaxTimestampMs < 0 ? -1 : batch.MaxTimestampMs - TestBatches.TimestampMs;
            batches.Add($"{batch.BaseOffset.Value}-{batch.LastOffset.Value} at most {newestMs} in {records.Count}: {string.Join(' ', records)}");
        }

        return batches;
    }

    private static byte[] Block() =>
    [
        .. StoredBatches.Of(0, CompressionType.None, "a=1", "b=1"),
        .. StoredBatches.Of(2, CompressionType.Gzip, "c=1", "=y"),
        .. StoredBatches.Of(4, CompressionType.Zstd, "a=2", "b=2", "=x"),
        .. StoredBatches.Of(7, CompressionType.None, "=d"),
    ];
}
