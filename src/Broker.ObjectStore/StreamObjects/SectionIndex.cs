using System.Buffers.Binary;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>One block in a section's index.</summary>
/// <param name="Position">Where it begins in the object.</param>
/// <param name="SizeBytes">How long it is.</param>
/// <param name="Crc">The CRC32C of its bytes.</param>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="LastOffset">Its last offset, inclusive.</param>
/// <param name="MaxTimestampMs">The largest record timestamp in it, milliseconds since the Unix epoch, or -1.</param>
internal readonly record struct IndexEntry(
    long Position, int SizeBytes, uint Crc, Offset BaseOffset, Offset LastOffset, long MaxTimestampMs);

/// <summary>
/// The sparse index of a section: one entry per block. A view over the stored bytes, searched in place, so that a cached index costs what it
/// has in the object. Immutable.
/// </summary>
internal readonly struct SectionIndex
{
    public const int EntryBytes = 40;
    private const int HeaderBytes = 40;
    private const uint Magic = 0x53494458; // "SIDX"

    private readonly ReadOnlyMemory<byte> _bytes;

    private SectionIndex(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
    }

    public int Count => BinaryPrimitives.ReadInt32LittleEndian(_bytes.Span[20..]);

    public long StatePosition => BinaryPrimitives.ReadInt64LittleEndian(_bytes.Span[24..]);

    public int StateBytes => BinaryPrimitives.ReadInt32LittleEndian(_bytes.Span[32..]);

    public IndexEntry this[int block]
    {
        get
        {
            ReadOnlySpan<byte> entry = _bytes.Span.Slice(HeaderBytes + (block * EntryBytes), EntryBytes);
            return new IndexEntry(
                BinaryPrimitives.ReadInt64LittleEndian(entry),
                BinaryPrimitives.ReadInt32LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]),
                new Offset(BinaryPrimitives.ReadInt64LittleEndian(entry[16..])),
                new Offset(BinaryPrimitives.ReadInt64LittleEndian(entry[24..])),
                BinaryPrimitives.ReadInt64LittleEndian(entry[32..]));
        }
    }

    public static byte[] Encode(StreamId stream, LeaderEpoch epoch, long statePosition, int stateBytes, IReadOnlyList<IndexEntry> blocks)
    {
        byte[] bytes = new byte[checked(HeaderBytes + (blocks.Count * EntryBytes) + sizeof(uint))];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), ObjectFormat.Version);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), stream.Value);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), epoch.Value);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), blocks.Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), statePosition);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), stateBytes);
        for (int i = 0; i < blocks.Count; i++)
        {
            Span<byte> entry = bytes.AsSpan(HeaderBytes + (i * EntryBytes), EntryBytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry, blocks[i].Position);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], blocks[i].SizeBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], blocks[i].Crc);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], blocks[i].BaseOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], blocks[i].LastOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], blocks[i].MaxTimestampMs);
        }

        int covered = bytes.Length - sizeof(uint);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(covered), Crc32C.Compute(bytes.AsSpan(0, covered)));
        return bytes;
    }

    /// <summary>Checks checksum and version. Do it once, when the bytes were loaded.</summary>
    /// <exception cref="StorageException">Corrupt, or Invalid for a newer version.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, ObjectKey key, long position)
    {
        int covered = bytes.Length - sizeof(uint);
        if (covered < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[covered..]) != Crc32C.Compute(bytes[..covered]))
        {
            throw ObjectFormat.Corrupt(key, $"the section index of {bytes.Length} bytes at byte {position} is damaged, or none stands there");
        }

        ObjectFormat.CheckVersion(BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]), key, $"the section index at byte {position}");
        if (covered != HeaderBytes + ((long)BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]) * EntryBytes))
        {
            throw ObjectFormat.Corrupt(key, $"the section index at byte {position} has another length than its count of blocks needs");
        }
    }

    /// <summary>A view over bytes that were checked.</summary>
    /// <exception cref="StorageException">Invalid: it is another stream's.</exception>
    public static SectionIndex Over(ReadOnlyMemory<byte> bytes, StreamId stream, ObjectKey key)
    {
        StreamId found = new(BinaryPrimitives.ReadInt64LittleEndian(bytes.Span[8..]));
        if (found != stream)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"object '{key}': the section asked for is of {found}, not of {stream}");
        }

        return new SectionIndex(bytes);
    }

    /// <summary>The first block that ends at or after <paramref name="offset"/>; <see cref="Count"/> when all end before.</summary>
    public int FindByOffset(Offset offset)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (this[middle].LastOffset < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
