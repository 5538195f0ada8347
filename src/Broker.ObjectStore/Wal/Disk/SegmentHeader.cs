using System.Buffers.Binary;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The first page of a segment file: docs/formats/disk-wal.md. Written and synced before the file gets its live name, never
/// changed while it has that name: an unreadable header of a live segment is damage, not a torn write.
/// </summary>
/// <param name="Sequence">The segment's number, as in its name.</param>
/// <param name="Salt">Random; repeated in each record, so that records of the file's earlier lives are not taken for new ones.</param>
/// <param name="FirstPosition">The position that the first record has, or would have.</param>
/// <param name="TrimmedUpTo">Positions at or before it were trimmed when the segment was begun.</param>
/// <param name="NodeId">The node whose log this is.</param>
/// <param name="SegmentBytes">The length of the file.</param>
internal readonly record struct SegmentHeader(
    long Sequence, ulong Salt, long FirstPosition, long TrimmedUpTo, NodeId NodeId, long SegmentBytes)
{
    /// <summary>What the header takes of the file: one page, so that records begin on a page.</summary>
    public const int PageBytes = DiskWalOptions.PageBytes;

    private const ulong Magic = 0x42524B57414C5347; // "BRKWALSG"
    private const ushort Version = 1;
    private const int CoveredBytes = 60;

    public byte[] Encode()
    {
        byte[] page = new byte[PageBytes];
        BinaryPrimitives.WriteUInt64BigEndian(page, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(12), NodeId.Value);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(16), Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(24), Salt);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(32), FirstPosition);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(40), TrimmedUpTo);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(48), SegmentBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(CoveredBytes), Crc32C.Compute(page.AsSpan(0, CoveredBytes)));
        return page;
    }

    /// <exception cref="StorageException">Corrupt, or Invalid when a newer version wrote it; both name <paramref name="file"/>.</exception>
    public static SegmentHeader Decode(ReadOnlySpan<byte> page, string file)
    {
        if (page.Length < CoveredBytes + sizeof(uint) || BinaryPrimitives.ReadUInt64BigEndian(page) != Magic)
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"'{file}' does not begin as a WAL segment");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(page[CoveredBytes..]) != Crc32C.Compute(page[..CoveredBytes]))
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"the header of WAL segment '{file}' has a wrong checksum");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(page[8..]);
        if (version != Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"WAL segment '{file}' has version {version}, newer than this build reads ({Version}); start the newer build");
        }

        return new SegmentHeader(
            Sequence: BinaryPrimitives.ReadInt64LittleEndian(page[16..]),
            Salt: BinaryPrimitives.ReadUInt64LittleEndian(page[24..]),
            FirstPosition: BinaryPrimitives.ReadInt64LittleEndian(page[32..]),
            TrimmedUpTo: BinaryPrimitives.ReadInt64LittleEndian(page[40..]),
            NodeId: new NodeId(BinaryPrimitives.ReadInt32LittleEndian(page[12..])),
            SegmentBytes: BinaryPrimitives.ReadInt64LittleEndian(page[48..]));
    }
}
