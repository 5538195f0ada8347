using System.Buffers;

namespace Broker.Wire.Compression;

/// <summary>Records as they are.</summary>
internal sealed class NoCompression : ICompressionCodec
{
    public CompressionType Type => CompressionType.None;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output) => output.Write(source);

    public void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output) => output.Write(source);
}
