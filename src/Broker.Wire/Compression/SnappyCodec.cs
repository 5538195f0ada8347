using System.Buffers;
using System.Buffers.Binary;
using Broker.Wire.Primitives;
using IronSnappy;

namespace Broker.Wire.Compression;

/// <summary>
/// Snappy. Java clients cut the data into blocks behind a header ("xerial" framing), others send one raw block: both
/// are read. The framing is what is written, since Java clients read nothing else and the others read it too.
/// </summary>
internal sealed class SnappyCodec : ICompressionCodec
{
    /// <summary>Uncompressed bytes of a block, as Java clients choose them.</summary>
    private const int BlockBytes = 32 * 1024;

    private const int HeaderBytes = 16;

    /// <summary>
    /// No snappy block can expand more than this: its densest element turns 3 bytes into 64, of two bytes into 11.
    /// A declared length beyond it is a lie, and is refused before anything is allocated for it.
    /// </summary>
    private const int MaxExpansion = 64;

    private static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public CompressionType Type => CompressionType.Snappy;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output)
    {
        WireWriter writer = new(output);
        writer.WriteRaw(Magic);
        writer.WriteInt32(1);
        writer.WriteInt32(1);
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> block = source[..Math.Min(BlockBytes, source.Length)];
            byte[] compressed = Snappy.Encode(block);
            writer.WriteInt32(compressed.Length);
            writer.WriteRaw(compressed);
            source = source[block.Length..];
        }

        writer.Commit();
    }

    public void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (source.Length < HeaderBytes || !source.StartsWith(Magic))
        {
            DecompressBlock(source, output);
            return;
        }

        source = source[HeaderBytes..];
        while (!source.IsEmpty)
        {
            int length = source.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32BigEndian(source);
            if (length < 0 || length > source.Length - sizeof(int))
            {
                throw new MalformedMessageException($"a snappy block announces {length} bytes, and {source.Length - sizeof(int)} are left");
            }

            DecompressBlock(source.Slice(sizeof(int), length), output);
            source = source[(sizeof(int) + length)..];
        }
    }

    private static void DecompressBlock(ReadOnlySpan<byte> block, BoundedBuffer output)
    {
        uint length = ReadDeclaredLength(block);
        if (length > (long)block.Length * MaxExpansion)
        {
            throw new MalformedMessageException($"a snappy block of {block.Length} bytes announces {length} bytes, which is impossible");
        }

        if (length > output.MaxBytes - output.WrittenCount)
        {
            throw new DecompressionLimitException(output.MaxBytes);
        }

        output.Write(Decode(block));
    }

    private static byte[] Decode(ReadOnlySpan<byte> block)
    {
        try
        {
            return Snappy.Decode(block);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            // The library reports damage by whatever its bounds checks throw.
            throw new MalformedMessageException($"snappy data is damaged: {problem.Message}", problem);
        }
    }

    /// <summary>The uncompressed length that a block begins with, as a variable-length number.</summary>
    private static uint ReadDeclaredLength(ReadOnlySpan<byte> block)
    {
        ulong length = 0;
        for (int i = 0; i < block.Length && i < 5; i++)
        {
            length |= (ulong)(block[i] & 0x7F) << (7 * i);
            if (block[i] < 0x80 && length <= uint.MaxValue)
            {
                return (uint)length;
            }
        }

        throw new MalformedMessageException("snappy data does not begin with a length");
    }
}
