using System.Buffers;
using System.Text;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Records;

/// <summary>A batch written anew with some of its records.</summary>
public class RecordBatchRewriterTests
{
    private const long BaseTimestampMs = 1_700_000_000_000;

    [Fact]
    public void Everything_kept_is_the_same_batch()
    {
        byte[] batch = Batch(CompressionType.None);

        Assert.Equal(batch, Rewrite(batch, _ => true));
    }

    [Fact]
    public void Header_with_a_key_that_is_no_text_stays_byte_for_byte()
    {
        byte[] batch = Batch(CompressionType.None);
        int name = batch.AsSpan().IndexOf("hdr"u8);
        batch[name] = 0xFF;

        ReadOnlySpan<byte> rewritten = Rewrite(batch, delta => delta == 0);

        Assert.True(rewritten.IndexOf(batch.AsSpan(name, 3)) > 0);
    }

    // What Apache Kafka 4.2's cleaner wrote for a tombstone of key "a" and a value of "d" at offsets 3 and 4, when only the value was left.
    [Fact]
    public void Horizon_takes_the_place_of_the_base_timestamp_as_Kafka_writes_it()
    {
        const long timestampMs = 1795618977804;
        using RecordBatchBuilder builder = new(new RecordBatchOptions { BaseOffset = 3, PartitionLeaderEpoch = 0 });
        builder.Append(timestampMs, "a"u8.ToArray(), null);
        builder.Append(timestampMs, "d"u8.ToArray(), "1"u8.ToArray());

        byte[] written = Rewrite(builder.ToArray(), delta => delta == 1, horizonMs: 1795618990064);

        RecordBatchView view = new(written);
        Assert.Equal(
            (0x40, 1, 1795618990064, timestampMs, 1, "1400C7BF01020264023100"),
            (view.Attributes, view.LastOffsetDelta, view.BaseTimestamp, view.MaxTimestamp, view.RecordCount, Convert.ToHexString(view.Payload)));
        Assert.Equal(BatchError.None, RecordBatchValidator.Validate(written));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    [InlineData(BaseTimestampMs)]
    public void Timestamps_survive_any_horizon(long horizonMs)
    {
        byte[] batch = Batch(CompressionType.Zstd);

        Assert.Equal(Timestamps(batch), Timestamps(Rewrite(batch, _ => true, horizonMs)));
    }

    [Fact]
    public void Rewriter_keeps_nothing_of_the_batch_before()
    {
        byte[] first = Batch(CompressionType.Gzip);
        byte[] second = Batch(CompressionType.None);
        using RecordBatchRewriter rewriter = new();
        using RecordUnpacker unpacker = new(1 << 20);
        Write(rewriter, unpacker, first, _ => true, horizonMs: 5);

        Assert.Equal(second, Write(rewriter, unpacker, second, _ => true, horizonMs: null));
    }

    private static byte[] Rewrite(byte[] batch, Func<int, bool> keeps, long? horizonMs = null)
    {
        using RecordBatchRewriter rewriter = new();
        using RecordUnpacker unpacker = new(1 << 20);
        return Write(rewriter, unpacker, batch, keeps, horizonMs);
    }

    private static byte[] Write(RecordBatchRewriter rewriter, RecordUnpacker unpacker, byte[] batch, Func<int, bool> keeps, long? horizonMs)
    {
        if (horizonMs is { } horizon)
        {
            rewriter.Begin(batch, horizon);
        }
        else
        {
            rewriter.Begin(batch);
        }

        foreach (RecordSlice record in unpacker.Read(batch))
        {
            if (keeps(record.OffsetDelta))
            {
                rewriter.Keep(record);
            }
        }

        ArrayBufferWriter<byte> output = new();
        Assert.Equal(rewriter.WriteTo(output), output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }

    private static List<long> Timestamps(byte[] batch)
    {
        using RecordReader reader = RecordReader.Open(batch, 1 << 20);
        List<long> timestamps = [];
        while (reader.TryRead(out Record record))
        {
            timestamps.Add(record.TimestampMs);
        }

        return timestamps;
    }

    private static byte[] Batch(CompressionType codec)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions
        {
            BaseOffset = 50,
            PartitionLeaderEpoch = 4,
            Compression = codec,
            ProducerId = 9,
            ProducerEpoch = 2,
            BaseSequence = 11,
            IsTransactional = true,
        });
        for (int i = 0; i < 5; i++)
        {
            builder.Append(BaseTimestampMs + (i * 7919), Encoding.UTF8.GetBytes($"k{i}"), i == 2 ? null : new byte[i * 100], [new RecordHeader("hdr", new byte[i])]);
        }

        return builder.ToArray();
    }
}
