using System.Buffers.Binary;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>The frame around a section's opaque state: magic, CRC32C, bytes.</summary>
internal static class SectionState
{
    private const uint Magic = 0x53544154; // "STAT"
    private const int HeaderBytes = 8;

    public static byte[] Encode(ReadOnlySpan<byte> state)
    {
        byte[] bytes = new byte[HeaderBytes + state.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Compute(state));
        state.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <exception cref="StorageException">Corrupt.</exception>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> bytes, ObjectKey key, long position)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes.Span) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]) != Crc32C.Compute(bytes.Span[HeaderBytes..]))
        {
            throw ObjectFormat.Corrupt(key, $"the section state of {bytes.Length} bytes at byte {position} is damaged");
        }

        return bytes[HeaderBytes..];
    }
}
