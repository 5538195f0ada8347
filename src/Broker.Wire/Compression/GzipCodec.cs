using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Broker.Wire.Compression;

/// <summary>Gzip (RFC 1952), one member, as all of Kafka's clients write it.</summary>
internal sealed class GzipCodec : ICompressionCodec
{
    /// <summary>Header and trailer.</summary>
    private const int MinMemberBytes = 18;

    /// <summary>A member without contents, for which <see cref="GZipStream"/> would write nothing at all.</summary>
    private static ReadOnlySpan<byte> EmptyMember => [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public CompressionType Type => CompressionType.Gzip;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output)
    {
        if (source.IsEmpty)
        {
            output.Write(EmptyMember);
            return;
        }

        using BufferWriterStream stream = new(output);
        using GZipStream gzip = new(stream, CompressionLevel.Fastest, leaveOpen: true);
        gzip.Write(source);
    }

    public unsafe void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (source.Length < MinMemberBytes)
        {
            throw new MalformedMessageException($"gzip data has at least {MinMemberBytes} bytes, and these are {source.Length}");
        }

        int before = output.WrittenCount;
        fixed (byte* start = source)
        {
            using UnmanagedMemoryStream stream = new(start, source.Length);
            using GZipStream gzip = new(stream, CompressionMode.Decompress);
            try
            {
                int count;
                while ((count = gzip.Read(output.GetSpan())) > 0)
                {
                    output.Advance(count);
                }
            }
            catch (InvalidDataException problem)
            {
                throw new MalformedMessageException($"gzip data is damaged: {problem.Message}", problem);
            }
        }

        // The stream takes data that is cut off for data that ends. The trailer says how much there should have been.
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(source[^sizeof(uint)..]);
        if (expected != (uint)(output.WrittenCount - before))
        {
            throw new MalformedMessageException($"gzip data ends too early, or is not one member: {output.WrittenCount - before} bytes instead of {expected}");
        }
    }
}
