using System.Buffers.Binary;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Records;

/// <summary>Records walked as they lie say the same as records read, and noise says so.</summary>
public class RecordSlicesTests
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Slices_say_what_the_reader_reads(CompressionType codec)
    {
        using RecordUnpacker unpacker = new(1 << 20);
        for (int seed = 0; seed < 20; seed++)
        {
            byte[] batch = RandomBatch(new Random(seed), codec);
            using RecordReader reader = RecordReader.Open(batch, 1 << 20);
            List<byte> bytes = [];
            foreach (RecordSlice slice in unpacker.Read(batch))
            {
                Assert.True(reader.TryRead(out Record record));
                Assert.Equal((record.Offset - 100, record.TimestampMs - 1000), (slice.OffsetDelta, slice.TimestampDelta));
                Assert.Equal((record.Key.HasValue, record.Value.HasValue), (slice.HasKey, slice.HasValue));
                Assert.True(slice.Key.SequenceEqual(record.Key.GetValueOrDefault().Span));
                bytes.AddRange(slice.Bytes);
            }

            Assert.False(reader.TryRead(out _));
            Assert.Equal(unpacker.Unpack(batch).ToArray(), bytes);
        }
    }

    [Fact]
    public void Noise_is_malformed_and_nothing_else()
    {
        Random random = new(7);
        using RecordUnpacker unpacker = new(1 << 20);
        int malformed = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] batch = RandomBatch(random, CompressionType.None);
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                batch[random.Next(RecordBatchView.HeaderBytes - 4, Math.Min(batch.Length, RecordBatchView.HeaderBytes + 20))] = (byte)random.Next(256);
            }

            try
            {
                foreach (RecordSlice slice in unpacker.Read(batch))
                {
                    Assert.True(slice.Bytes.Length > slice.Key.Length);
                }
            }
            catch (MalformedMessageException)
            {
                malformed++;
            }
        }

        Assert.InRange(malformed, 500, 4999);
    }

    [Fact]
    public void Offsets_that_do_not_rise_are_malformed()
    {
        // Two records of 7 bytes: length, attributes, timestamp delta, offset delta 0, no key, no value, no headers.
        byte[] record = [12, 0, 0, 0, 1, 1, 0];
        byte[] batch = [.. RandomBatch(new Random(1), CompressionType.None)[..RecordBatchView.HeaderBytes], .. record, .. record];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), 2);
        using RecordUnpacker unpacker = new(1 << 20);

        Assert.Throws<MalformedMessageException>(() =>
        {
            foreach (RecordSlice _ in unpacker.Read(batch))
            {
            }
        });
    }

    [Fact]
    public void Unpacker_has_a_bound()
    {
        using RecordUnpacker unpacker = new(10);

        Assert.Throws<DecompressionLimitException>(() => unpacker.Unpack(RandomBatch(new Random(1), CompressionType.Gzip)).Length);
    }

    private static byte[] RandomBatch(Random random, CompressionType codec)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { BaseOffset = 100, Compression = codec });
        for (int count = random.Next(1, 20); count > 0; count--)
        {
            RecordHeader[] headers = [.. Enumerable.Range(0, random.Next(3)).Select(i => new RecordHeader($"h{i}", Bytes(random)))];
            builder.Append(new Record(builder.NextOffset + random.Next(3), builder.Count == 0 ? 1000 : random.Next(5000), Bytes(random), Bytes(random), headers));
        }

        return builder.ToArray();
    }

    private static ReadOnlyMemory<byte>? Bytes(Random random)
    {
        if (random.Next(4) == 0)
        {
            return null;
        }

        byte[] bytes = new byte[random.Next(100)];
        random.NextBytes(bytes);
        return bytes;
    }
}
