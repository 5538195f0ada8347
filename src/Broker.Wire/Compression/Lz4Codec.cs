using System.Buffers;
using System.Runtime.InteropServices;

namespace Broker.Wire.Compression;

/// <summary>LZ4 in its frame format, with independent blocks: Java clients read no others.</summary>
internal sealed unsafe class Lz4Codec : ICompressionCodec
{
    private static readonly NativeCodecLibrary Native = new(CompressionType.Lz4, Lz4Native.Library, "liblz4-1");

    private static readonly Lz4Native.Preferences Preferences = new()
    {
        BlockSizeId = Lz4Native.BlockSize64KiB,
        BlockMode = Lz4Native.BlockIndependent,
    };

    public CompressionType Type => CompressionType.Lz4;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> output)
    {
        Native.Require();
        int bound = checked((int)Lz4Native.LZ4F_compressFrameBound((nuint)source.Length, Preferences));
        Span<byte> target = output.GetSpan(bound);
        fixed (byte* from = source)
        fixed (byte* to = target)
        {
            nuint written = Lz4Native.LZ4F_compressFrame(to, (nuint)target.Length, from, (nuint)source.Length, Preferences);
            if (Lz4Native.LZ4F_isError(written) != 0)
            {
                throw new InvalidOperationException($"lz4 cannot compress {source.Length} bytes: {ErrorName(written)}");
            }

            output.Advance((int)written);
        }
    }

    public void Decompress(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        Native.Require();
        if (Lz4Native.LZ4F_isError(Lz4Native.LZ4F_createDecompressionContext(out nint context, Lz4Native.Version)) != 0)
        {
            throw new InsufficientMemoryException("lz4 cannot create a context");
        }

        try
        {
            Decompress(context, source, output);
        }
        finally
        {
            _ = Lz4Native.LZ4F_freeDecompressionContext(context);
        }
    }

    private static void Decompress(nint context, ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        fixed (byte* from = source)
        {
            nuint consumed = 0;
            nuint expected = 1;
            while (expected != 0)
            {
                Span<byte> target = output.GetSpan();
                nuint written = (nuint)target.Length;
                nuint read = (nuint)source.Length - consumed;
                fixed (byte* to = target)
                {
                    expected = Lz4Native.LZ4F_decompress(context, to, ref written, from + consumed, ref read, 0);
                }

                if (Lz4Native.LZ4F_isError(expected) != 0)
                {
                    throw new MalformedMessageException($"lz4 data is damaged: {ErrorName(expected)}");
                }

                if (expected != 0 && read == 0 && written == 0)
                {
                    throw new MalformedMessageException("lz4 data ends too early");
                }

                consumed += read;
                output.Advance((int)written);
            }

            if (consumed != (nuint)source.Length)
            {
                throw new MalformedMessageException($"{(nuint)source.Length - consumed} bytes follow the lz4 frame");
            }
        }
    }

    private static string? ErrorName(nuint code) => Marshal.PtrToStringUTF8(Lz4Native.LZ4F_getErrorName(code));
}
