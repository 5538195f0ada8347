using System.Buffers;

namespace Broker.Wire.Compression;

/// <summary>One way to compress records, in the framing that Kafka's clients use for it. Safe for use by many threads.</summary>
public interface ICompressionCodec
{
    CompressionType Type { get; }

    /// <summary>Compresses <paramref name="source"/> as one unit.</summary>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output);

    /// <summary>Decompresses all of <paramref name="source"/>, to at most what <paramref name="output"/> may hold.</summary>
    /// <exception cref="MalformedMessageException">The source is not of this codec.</exception>
    /// <exception cref="DecompressionLimitException">There is more than the output may hold.</exception>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output);
}
