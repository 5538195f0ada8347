using System.Buffers.Binary;
using Broker.Wire.Compression;
using Broker.Wire.Records;
using Broker.Wire.Unit.Golden;
using Xunit.Abstractions;
using Record = Broker.Wire.Records.Record;

namespace Broker.Wire.Property;

public class HostileBatchTests(ITestOutputHelper output)
{
    private const int Mutations = 40_000;
    private const int MaxDecompressedBytes = 64 * 1024;

    /// <summary>The codecs lend from the array pool, which may have to allocate; streams and snappy blocks take some besides.</summary>
    private const int AllowedForDecompression = 6 * MaxDecompressedBytes;

    [Fact]
    public void Random_batches_come_back_record_by_record_with_every_codec()
    {
        Random random = new(Seed.Print(output));
        foreach (CompressionType codec in Available())
        {
            for (int round = 0; round < 50; round++)
            {
                List<Record> records = [];
                byte[] batch = Build(random, codec, records);
                Assert.Equal(BatchError.None, RecordBatchValidator.Validate(batch));
                using RecordReader reader = RecordReader.Open(batch, 1 << 20);
                foreach (Record expected in records)
                {
                    Assert.True(reader.TryRead(out Record actual));
                    AssertSame(expected, actual);
                }

                Assert.False(reader.TryRead(out _));
            }
        }
    }

    [Fact]
    public void Seeded_mutations_of_batches_end_in_records_or_a_protocol_error()
    {
        Random random = new(Seed.Print(output));
        byte[][] batches =
        [
            .. Available().SelectMany(codec => Enumerable.Range(0, 20).Select(_ => Build(random, codec, []))),
            .. Available().SelectMany(codec => Enumerable.Repeat(GoldenData.Batch(codec.ToString().ToLowerInvariant()), 10)),
        ];
        int values = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] damaged = Mutation.Apply(random, batches[random.Next(batches.Length)]);
            if (damaged.Length >= RecordBatchView.HeaderBytes && random.Next(2) == 0)
            {
                // With length and checksum right, damage gets past the validator and into the reader.
                BinaryPrimitives.WriteInt32BigEndian(damaged.AsSpan(8), damaged.Length - 12);
                BinaryPrimitives.WriteUInt32BigEndian(damaged.AsSpan(17), Crc32C.Compute(damaged.AsSpan(21)));
            }

            bool isTaken = RecordBatchValidator.ValidateFromProducer(damaged) == BatchError.None;
            bool isRead = HostileInput.Try(() => ReadAll(damaged), damaged.Length, () => Convert.ToHexString(damaged), AllowedForDecompression);
            values += isRead ? 1 : 0;

            // What a broker takes it must be able to read; of what is compressed it cannot know.
            Assert.True(isRead || !isTaken || new RecordBatchView(damaged).Compression != CompressionType.None, Convert.ToHexString(damaged));
        }

        output.WriteLine($"{Mutations} mutations; {values} were read still");
        Assert.InRange(values, 1, Mutations);
    }

    [Fact]
    public void Decompression_bombs_are_refused_at_the_limit_without_allocating_for_what_they_claim()
    {
        foreach (CompressionType codec in Available().Where(codec => codec != CompressionType.None))
        {
            using RecordBatchBuilder builder = new(new RecordBatchOptions { Compression = codec });
            builder.Append(0, null, new byte[30_000_000]);
            byte[] bomb = builder.ToArray();
            Assert.InRange(bomb.Length, 1, 3_000_000);
            bool read = HostileInput.Try(() => ReadAll(bomb), 0, () => $"{codec}", AllowedForDecompression);
            Assert.False(read);
        }
    }

    [Fact]
    public void Every_truncation_of_a_batch_is_found()
    {
        Random random = new(Seed.Print(output));
        foreach (CompressionType codec in Available())
        {
            byte[] batch = Build(random, codec, []);
            for (int length = 0; length < batch.Length; length++)
            {
                byte[] cut = batch[..length];
                Assert.NotEqual(BatchError.None, RecordBatchValidator.Validate(cut));
                Assert.False(HostileInput.Try(() => ReadAll(cut), length, () => $"{codec} {length}", AllowedForDecompression));
            }
        }
    }

    private static void ReadAll(byte[] batch)
    {
        foreach (RecordBatchView view in new RecordBatchEnumerator(batch))
        {
            _ = view.IsCrcValid;
        }

        using RecordReader reader = RecordReader.Open(batch, MaxDecompressedBytes);
        while (reader.TryRead(out _))
        {
        }
    }

    /// <summary>The codecs whose libraries are here.</summary>
    private List<CompressionType> Available()
    {
        List<CompressionType> available = [];
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            try
            {
                using BoundedBuffer probe = new(1000);
                CompressionCodecs.Get(codec).Compress([1], probe);
                available.Add(codec);
            }
            catch (CodecUnavailableException problem)
            {
                output.WriteLine(problem.Message);
            }
        }

        return available;
    }

    private static byte[] Build(Random random, CompressionType codec, List<Record> records)
    {
        RecordBatchOptions options = new()
        {
            Compression = codec,
            BaseOffset = random.NextInt64(1L << 50),
            ProducerId = random.Next(-1, 1000),
            BaseSequence = random.Next(),
            ProducerEpoch = (short)random.Next(100),
        };
        using RecordBatchBuilder builder = new(options);
        for (int count = random.Next(1, 10); count > 0; count--)
        {
            RecordHeader[] headers = [.. Enumerable.Range(0, random.Next(3)).Select(i => new RecordHeader($"header-{i}-ü", Bytes(random)))];
            Record record = new(builder.NextOffset + random.Next(2), random.NextInt64(1L << 42), Bytes(random), Bytes(random), headers);
            builder.Append(record);
            records.Add(record);
        }

        return builder.ToArray();
    }

    private static ReadOnlyMemory<byte>? Bytes(Random random)
    {
        if (random.Next(4) == 0)
        {
            return null;
        }

        byte[] bytes = new byte[random.Next(3) == 0 ? random.Next(2000) : random.Next(10)];
        random.NextBytes(bytes.AsSpan(0, bytes.Length / 2));
        return bytes;
    }

    private static void AssertSame(Record expected, Record actual)
    {
        Assert.Equal((expected.Offset, expected.TimestampMs), (actual.Offset, actual.TimestampMs));
        AssertSame(expected.Key, actual.Key);
        AssertSame(expected.Value, actual.Value);
        Assert.Equal(expected.Headers.Select(header => header.Key), actual.Headers.Select(header => header.Key));
        for (int i = 0; i < expected.Headers.Count; i++)
        {
            AssertSame(expected.Headers[i].Value, actual.Headers[i].Value);
        }
    }

    private static void AssertSame(ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte>? actual) =>
        Assert.Equal(expected?.ToArray(), actual?.ToArray());
}
