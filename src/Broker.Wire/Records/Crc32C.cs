using System.Buffers;

namespace Broker.Wire.Records;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of record batches.</summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Shared.Crc32C.Compute(data);

    /// <inheritdoc cref="Compute(ReadOnlySpan{byte})"/>
    public static uint Compute(in ReadOnlySequence<byte> data) => Shared.Crc32C.Append(0, data);

    /// <inheritdoc cref="Shared.Crc32C.Append(uint, ReadOnlySpan{byte}, uint)"/>
    internal static uint Append(uint crc, ReadOnlySpan<byte> data, uint dataCrc) => Shared.Crc32C.Append(crc, data, dataCrc);

    /// <summary>The checksum of what <paramref name="crc"/> is the checksum of, followed by <paramref name="data"/>; 0 to begin.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data) => Shared.Crc32C.Append(crc, data);
}
