using System.Buffers;
using System.Runtime.InteropServices;

namespace Broker.Wire.Compression;

/// <summary>Zstandard (RFC 8878).</summary>
internal sealed unsafe class ZstdCodec : ICompressionCodec
{
    /// <summary>The level that zstd, and with it Kafka's clients, takes when nobody asks for another.</summary>
    private const int Level = 3;

    private static readonly NativeCodecLibrary Native = new(CompressionType.Zstd, ZstdNative.Library, "libzstd1");

    public CompressionType Type => CompressionType.Zstd;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output)
    {
        Native.Require();
        int bound = checked((int)ZstdNative.ZSTD_compressBound((nuint)source.Length));
        Span<byte> target = output.GetSpan(bound);
        fixed (byte* from = source)
        fixed (byte* to = target)
        {
            nuint written = ZstdNative.ZSTD_compress(to, (nuint)target.Length, from, (nuint)source.Length, Level);
            if (ZstdNative.ZSTD_isError(written) != 0)
            {
                throw new InvalidOperationException($"zstd cannot compress {source.Length} bytes: {ErrorName(written)}");
            }

            output.Advance((int)written);
        }
    }

    public void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        Native.Require();
        nint context = ZstdNative.ZSTD_createDCtx();
        if (context == 0)
        {
            throw new InsufficientMemoryException("zstd cannot create a context");
        }

        try
        {
            Decompress(context, source, output);
        }
        finally
        {
            _ = ZstdNative.ZSTD_freeDCtx(context);
        }
    }

    /// <summary>Streams, since a frame need not declare its size; several frames may follow each other.</summary>
    private static void Decompress(nint context, ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        fixed (byte* from = source)
        {
            ZstdNative.InBuffer input = new() { Start = from, Size = (nuint)source.Length };
            nuint expected = 1;
            while (expected != 0 || input.Position < input.Size)
            {
                nuint before = input.Position;
                Span<byte> target = output.GetSpan();
                ZstdNative.OutBuffer filled = new() { Size = (nuint)target.Length };
                fixed (byte* to = target)
                {
                    filled.Start = to;
                    expected = ZstdNative.ZSTD_decompressStream(context, ref filled, ref input);
                }

                if (ZstdNative.ZSTD_isError(expected) != 0)
                {
                    throw new MalformedMessageException($"zstd data is damaged: {ErrorName(expected)}");
                }

                if (expected != 0 && input.Position == before && filled.Position == 0)
                {
                    throw new MalformedMessageException("zstd data ends too early");
                }

                output.Advance((int)filled.Position);
            }
        }
    }

    private static string? ErrorName(nuint code) => Marshal.PtrToStringUTF8(ZstdNative.ZSTD_getErrorName(code));
}
