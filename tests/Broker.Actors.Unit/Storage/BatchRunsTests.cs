using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.StreamObjects;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Storage;

public sealed class BatchRunsTests
{
    private const int RecordsInBatch = 10;
    private static readonly int BatchBytes = Batch(0).Length;

    // Offsets 0-9, 10-19 in the first block, 20-29 in the second, 30-39 and 40-49 in the third.
    private static readonly ObjectBlock[] Blocks = [Block(0, 10), Block(20), Block(30, 40)];

    [Theory]
    [InlineData(0, new[] { 0L, 10, 20, 30, 40 })]
    [InlineData(9, new[] { 0L, 10, 20, 30, 40 })]
    [InlineData(10, new[] { 10L, 20, 30, 40 })]
    [InlineData(25, new[] { 20L, 30, 40 })]
    [InlineData(45, new[] { 40L })]
    [InlineData(50, new long[0])]
    public void Slice_begins_with_the_batch_that_holds_the_offset(long from, long[] expected) =>
        Assert.Equal(expected, Slice(from, int.MaxValue));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(9, 5)]
    public void Slice_stops_before_the_batch_that_does_not_fit(int batchesOfRoom, int expected)
    {
        Assert.Equal(expected, Slice(0, batchesOfRoom * BatchBytes).Length);
        Assert.Equal(Math.Max(1, expected - 1), Slice(0, (Math.Min(batchesOfRoom, 5) * BatchBytes) - 1).Length);
    }

    [Theory]
    [InlineData(0, 1, 10)]
    [InlineData(0, 3, 30)]
    [InlineData(25, 1, 30)]
    [InlineData(0, 9, 50)]
    [InlineData(50, 9, 50)]
    public void Slice_tells_the_offset_after_its_last_batch(long from, int batchesOfRoom, long expected)
    {
        BatchRuns.Slice(Blocks, new Offset(from), batchesOfRoom * BatchBytes, out Offset next);
        Assert.Equal(expected, next.Value);
    }

    [Fact]
    public void Slice_has_the_first_batch_however_little_room_there_is() => Assert.Equal([10L], Slice(13, 0));

    [Fact]
    public void Slice_copies_nothing_and_gives_one_run_for_each_block()
    {
        List<ReadOnlyMemory<byte>> runs = BatchRuns.Slice(Blocks, new Offset(10), int.MaxValue);
        Assert.Equal(3, runs.Count);
        Assert.True(runs[0].Span.Overlaps(Blocks[0].Data.Span, out int at));
        Assert.Equal(-BatchBytes, at);
    }

    [Fact]
    public void Block_that_ends_within_a_batch_is_refused()
    {
        ObjectBlock cut = Blocks[0] with { Data = Blocks[0].Data[..^1] };
        Assert.Throws<MalformedMessageException>(() => BatchRuns.Slice([cut], Offset.Zero, int.MaxValue));
    }

    private static long[] Slice(long from, int maxBytes) =>
        [.. BatchRuns.Slice(Blocks, new Offset(from), maxBytes).SelectMany(BatchRuns.Split).Select(batch => new RecordBatchView(batch.Span).BaseOffset)];

    private static ObjectBlock Block(params long[] baseOffsets)
    {
        byte[] bytes = [.. baseOffsets.SelectMany(Batch)];
        return new ObjectBlock(new BlockInfo(new Offset(baseOffsets[0]), new Offset(baseOffsets[^1] + RecordsInBatch - 1), 0, bytes.Length), bytes);
    }

    private static byte[] Batch(long baseOffset)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { BaseOffset = baseOffset });
        for (int i = 0; i < RecordsInBatch; i++)
        {
            builder.Append(0, null, new byte[100]);
        }

        return builder.ToArray();
    }
}
