using System.Buffers;
using System.Text;
using Broker.Wire.Compression;
using Broker.Wire.Records;
using Broker.Wire.Unit.Golden;

namespace Broker.Wire.Unit.Records;

public class GoldenBatchTests
{
    private static readonly RecordBatchOptions Options = new()
    {
        BaseOffset = 100,
        PartitionLeaderEpoch = 5,
        ProducerId = 4711,
        ProducerEpoch = 3,
        BaseSequence = 7,
        IsTransactional = true,
    };

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void Batch_of_the_Java_client_reads_as_it_was_written(string codec)
    {
        byte[] batch = GoldenData.Batch(codec);
        Assert.Equal((BatchError.None, BatchError.None), (RecordBatchValidator.Validate(batch), RecordBatchValidator.ValidateFromProducer(AsProduced(batch))));
        RecordBatchView view = new(batch);
        Assert.Equal((100L, 102L, 103L, batch.Length), (view.BaseOffset, view.LastOffset, view.NextOffset, (int)view.SizeInBytes));
        Assert.Equal((5, (sbyte)2, 3), (view.PartitionLeaderEpoch, view.Magic, view.RecordCount));
        Assert.Equal((4711L, (short)3, 7, 9), (view.ProducerId, view.ProducerEpoch, view.BaseSequence, view.LastSequence));
        Assert.Equal((1700000000000L, 1700000000250L), (view.BaseTimestamp, view.MaxTimestamp));
        Assert.Equal((true, false, false), (view.IsTransactional, view.IsControl, view.HasDeleteHorizon));
        Assert.Equal(codec, view.Compression.ToString(), ignoreCase: true);
        AssertRecords(batch);
    }

    [Fact]
    public void Builder_writes_the_bytes_of_the_Java_client() =>
        Assert.Equal(Convert.ToHexStringLower(GoldenData.Batch("none")), Convert.ToHexStringLower(Build(CompressionType.None)));

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Builder_writes_batches_that_read_alike_with_each_codec(CompressionType codec)
    {
        byte[] batch = Build(codec);
        Assert.Equal((BatchError.None, BatchError.None), (RecordBatchValidator.Validate(batch), RecordBatchValidator.ValidateFromProducer(AsProduced(batch))));
        Assert.Equal(codec, new RecordBatchView(batch).Compression);
        AssertRecords(batch);
    }

    [Fact]
    public void Transaction_marker_has_the_bytes_that_Kafka_writes()
    {
        ArrayBufferWriter<byte> output = new();
        int size = EndTxnMarkerBatch.Write(
            output,
            ControlRecordType.Commit,
            coordinatorEpoch: 9,
            timestampMs: 1700000000000,
            new RecordBatchOptions { BaseOffset = 42, PartitionLeaderEpoch = 5, ProducerId = 4711, ProducerEpoch = 3 });
        Assert.Equal(output.WrittenCount, size);
        Assert.Equal(Convert.ToHexStringLower(GoldenData.Batch("marker")), Convert.ToHexStringLower(output.WrittenSpan));

        using RecordReader reader = RecordReader.Open(output.WrittenMemory, 1000);
        Assert.True(reader.TryRead(out Record record));
        Assert.Equal(ControlRecordType.Commit, EndTxnMarkerBatch.ReadType(record.Key!.Value));
        Assert.Equal(BatchError.ControlFromProducer, RecordBatchValidator.ValidateFromProducer(AsProduced(output.WrittenSpan)));
    }

    // The batches are as a log holds them; a producer's counts from 0.
    private static byte[] AsProduced(ReadOnlySpan<byte> stored)
    {
        byte[] batch = stored.ToArray();
        RecordBatchPatcher.SetBaseOffset(batch, 0);
        return batch;
    }

    private static byte[] Build(CompressionType codec)
    {
        using RecordBatchBuilder builder = new(Options with { Compression = codec });
        builder.Append(
            1700000000000,
            Bytes("key-0"),
            Bytes("value-0 value-0 value-0 value-0 value-0"),
            [new RecordHeader("trace", Bytes("abc")), new RecordHeader("empty", null)]);
        builder.Append(1700000000250, null, Bytes("second"));
        builder.Append(1699999999999, Bytes("tombstone"), null);
        return builder.ToArray();
    }

    private static void AssertRecords(byte[] batch)
    {
        using RecordReader reader = RecordReader.Open(batch, 100_000);
        Assert.Equal(3, reader.Count);
        Assert.True(reader.TryRead(out Record first));
        Assert.Equal((100L, 1700000000000L), (first.Offset, first.TimestampMs));
        Assert.Equal("key-0", Text(first.Key));
        Assert.Equal("value-0 value-0 value-0 value-0 value-0", Text(first.Value));
        Assert.Equal(["trace", "empty"], first.Headers.Select(header => header.Key));
        Assert.Equal("abc", Text(first.Headers[0].Value));
        Assert.Null(first.Headers[1].Value);
        Assert.True(reader.TryRead(out Record second));
        Assert.Equal((101L, 1700000000250L, null, "second"), (second.Offset, second.TimestampMs, Text(second.Key), Text(second.Value)));
        Assert.True(reader.TryRead(out Record third));
        Assert.Equal((102L, 1699999999999L, "tombstone", null), (third.Offset, third.TimestampMs, Text(third.Key), Text(third.Value)));
        Assert.False(reader.TryRead(out _));
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Encoding.UTF8.GetString(value.Span) : null;
}
