using System.Buffers.Binary;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// What stands before each record's payload: docs/formats/disk-wal.md. It has a checksum of its own, so that the payload's
/// length is known good before it is used.
/// <para><c>GroupFirst</c> is the position of the first record of the record's group: of what one sync made durable. A record that
/// exists therefore proves that everything before its group was durable. This tells damage from a torn tail (W5 of
/// <see cref="IWriteAheadLog"/>).</para>
/// </summary>
internal readonly record struct RecordHeader(
    ulong Salt,
    long Position,
    long GroupFirst,
    StreamId Stream,
    LeaderEpoch Epoch,
    Offset BaseOffset,
    Offset LastOffset,
    long MaxTimestampMs,
    int PayloadBytes,
    uint PayloadCrc)
{
    public const int SizeBytes = 80;

    /// <summary>Where the salt stands: what a search for records looks for.</summary>
    public const int SaltAt = 8;

    private const uint Magic = 0x57524543; // "WREC"
    private const int CoveredFrom = 8;

    public void Encode(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(to[SaltAt..], Salt);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], Position);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], GroupFirst);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], Stream.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[40..], BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[48..], LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[56..], MaxTimestampMs);
        BinaryPrimitives.WriteInt32LittleEndian(to[64..], Epoch.Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[68..], PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(to[72..], PayloadCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(to[76..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], Crc32C.Compute(to[CoveredFrom..SizeBytes]));
    }

    /// <summary>False when no valid header of the segment with this salt stands here.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> from, ulong salt, out RecordHeader header)
    {
        header = default;
        if (from.Length < SizeBytes
            || BinaryPrimitives.ReadUInt32BigEndian(from) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(from[SaltAt..]) != salt
            || BinaryPrimitives.ReadUInt32LittleEndian(from[4..]) != Crc32C.Compute(from[CoveredFrom..SizeBytes]))
        {
            return false;
        }

        header = new RecordHeader(
            Salt: salt,
            Position: BinaryPrimitives.ReadInt64LittleEndian(from[16..]),
            GroupFirst: BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
            Stream: new StreamId(BinaryPrimitives.ReadInt64LittleEndian(from[32..])),
            Epoch: new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(from[64..])),
            BaseOffset: new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[40..])),
            LastOffset: new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[48..])),
            MaxTimestampMs: BinaryPrimitives.ReadInt64LittleEndian(from[56..]),
            PayloadBytes: BinaryPrimitives.ReadInt32LittleEndian(from[68..]),
            PayloadCrc: BinaryPrimitives.ReadUInt32LittleEndian(from[72..]));
        return true;
    }
}
