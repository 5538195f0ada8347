using System.Buffers;
using System.Text;
using Broker.TestSupport;
using Broker.Wire.Compression;
using Broker.Wire.Records;
using Broker.Wire.Unit.Golden;

namespace Broker.Wire.Unit.Compression;

public class CodecTests
{
    public static TheoryData<CompressionType> Codecs =>
        [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public static TheoryData<CompressionType> RealCodecs =>
        [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    [SkippableTheory]
    [MemberData(nameof(Codecs))]
    public void Codec_gives_back_what_it_was_given(CompressionType type)
    {
        ICompressionCodec codec = Available(type);
        Random random = new(3);
        foreach (int length in new[] { 0, 1, 100, 32 * 1024, 32 * 1024 + 1, 300_000 })
        {
            byte[] data = new byte[length];
            random.NextBytes(data.AsSpan(0, length / 2));
            Assert.Equal(data, Decompress(codec, Compress(codec, data), length));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(RealCodecs))]
    public void Codec_reads_several_blocks_of_the_Java_client(CompressionType type)
    {
        Available(type);
        StringBuilder expected = new();
        for (int i = 0; i < 12000; i++)
        {
            expected.Append("line ").Append(i % 97).Append(';');
        }

        byte[] batch = GoldenData.Batch("big-" + type.ToString().ToLowerInvariant());
        Assert.Equal(BatchError.None, RecordBatchValidator.ValidateFromProducer(batch));
        using RecordReader reader = RecordReader.Open(batch, 1 << 20);
        Assert.True(reader.TryRead(out Record record));
        Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(record.Value!.Value.Span));
        Assert.False(reader.TryRead(out _));
    }

    [SkippableTheory]
    [MemberData(nameof(RealCodecs))]
    public void Decompression_stops_at_the_limit_and_not_before(CompressionType type)
    {
        ICompressionCodec codec = Available(type);
        byte[] compressed = Compress(codec, new byte[10_000_000]);
        Assert.Throws<DecompressionLimitException>(() => Decompress(codec, compressed, 9_999_999));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DecompressionLimitException>(() => Decompress(codec, compressed, 100_000));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.Equal(10_000_000, Decompress(codec, compressed, 10_000_000).Length);
    }

    [SkippableTheory]
    [MemberData(nameof(RealCodecs))]
    public void Damaged_or_cut_off_data_is_refused(CompressionType type)
    {
        ICompressionCodec codec = Available(type);
        byte[] compressed = Compress(codec, Encoding.UTF8.GetBytes("some text, some text, some more text"));
        Assert.ThrowsAny<ProtocolException>(() => Decompress(codec, [], 1000));
        Assert.ThrowsAny<ProtocolException>(() => Decompress(codec, compressed[..^5], 1000));
        Assert.ThrowsAny<ProtocolException>(() => Decompress(codec, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18], 1000));
    }

    [Fact]
    public void Snappy_reads_a_raw_block_as_librdkafka_sends_it()
    {
        ICompressionCodec codec = CompressionCodecs.Get(CompressionType.Snappy);
        byte[] data = Encoding.UTF8.GetBytes("raw raw raw raw raw raw block");
        Assert.Equal(data, Decompress(codec, IronSnappy.Snappy.Encode(data), 1000));
    }

    [Fact]
    public void Snappy_refuses_a_declared_length_that_no_block_of_that_size_can_have()
    {
        ICompressionCodec codec = CompressionCodecs.Get(CompressionType.Snappy);
        byte[] lie = Convert.FromHexString("ffffff7f" + "0000");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedMessageException>(() => Decompress(codec, lie, int.MaxValue / 2));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [SkippableFact]
    public void Lz4_frames_have_independent_blocks_of_64_KiB_as_Java_clients_need()
    {
        byte[] compressed = Compress(Available(CompressionType.Lz4), new byte[300_000]);
        Assert.Equal("04224d18", Convert.ToHexStringLower(compressed.AsSpan(0, 4)));
        Assert.Equal(0x60, compressed[4] & 0xE0);
        Assert.Equal(0x40, compressed[5]);
    }

    [Fact]
    public void Missing_library_is_an_error_that_names_the_package()
    {
        NativeCodecLibrary library = new(CompressionType.Zstd, "libnot-there.so.1", "libnot-there1");
        CodecUnavailableException problem = Assert.Throws<CodecUnavailableException>(library.Require);
        Assert.Contains("'libnot-there1'", problem.Message, StringComparison.Ordinal);
        Assert.Equal(CompressionType.Zstd, problem.Codec);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void Unknown_codec_is_refused(int type)
    {
        Assert.False(CompressionCodecs.IsKnown((CompressionType)type));
        Assert.Throws<MalformedMessageException>(() => CompressionCodecs.Get((CompressionType)type));
    }

    private static ICompressionCodec Available(CompressionType type)
    {
        ICompressionCodec codec = CompressionCodecs.Get(type);
        try
        {
            Compress(codec, [1]);
        }
        catch (CodecUnavailableException problem)
        {
            Requirement.Need(false, problem.Message);
        }

        return codec;
    }

    private static byte[] Compress(ICompressionCodec codec, byte[] data)
    {
        ArrayBufferWriter<byte> output = new();
        codec.Compress(data, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Decompress(ICompressionCodec codec, byte[] data, int maxBytes)
    {
        using BoundedBuffer output = new(maxBytes);
        codec.Decompress(data, output);
        return output.WrittenSpan.ToArray();
    }
}
