using System.Buffers;
using System.Buffers.Binary;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// What one slot of a bucket WAL holds: a header, a table of the records, their payloads: docs/formats/bucket-wal.md. Header and table have a checksum
/// of their own, and each payload has one, so that a reader of some streams need not fetch the others' bytes.
/// </summary>
internal static class BucketSlot
{
    /// <summary>A record's line in the table.</summary>
    public const int RecordBytes = 48;

    public const int HeaderBytes = 24;

    private const uint Magic = 0x4257414C; // "BWAL"
    private const ushort Version = 1;
    private const int CrcAt = 20;

    /// <summary>The slot's bytes, the payloads not copied, and their checksum, for which large payloads are not read.</summary>
    public static (ReadOnlySequence<byte> Body, uint Crc) Encode(long firstPosition, IReadOnlyList<PendingAppend> group)
    {
        int count = group.Sum(append => append.Records.Count);
        byte[] head = new byte[HeaderBytes + (count * RecordBytes)];
        BinaryPrimitives.WriteUInt32BigEndian(head, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(4), Version);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), firstPosition);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(16), count);
        List<ReadOnlyMemory<byte>> pieces = new(count + 1) { head };
        int at = HeaderBytes;
        foreach (WalRecord record in group.SelectMany(append => append.Records))
        {
            EncodeRecord(head.AsSpan(at, RecordBytes), record);
            pieces.Add(record.Payload);
            at += RecordBytes;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(CrcAt), HeadCrc(head));
        uint crc = Crc32C.Compute(head);
        foreach (WalRecord record in group.SelectMany(append => append.Records))
        {
            crc = Crc32C.Append(crc, record.Payload.Span, record.PayloadCrc);
        }

        return (SequenceSegment.Of(pieces), crc);
    }

    /// <summary>
    /// The records of a slot, every checksum checked: a record whose payload is damaged says so, the table tells what it was. Their payloads are parts of <paramref name="bytes"/>.
    /// </summary>
    /// <param name="bytes">What the slot holds.</param>
    /// <param name="place">The slot, for the errors.</param>
    /// <exception cref="StorageException">Corrupt: header or table; or Invalid: written by a newer version.</exception>
    public static IReadOnlyList<WalRecoveredRecord> Decode(ReadOnlyMemory<byte> bytes, string place)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(span) != Magic)
        {
            throw Corrupt(place, "it has no WAL header");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(span[4..]);
        if (version > Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"{place} has version {version} of the bucket WAL's format; this build reads up to {Version}: start the newer build");
        }

        int count = BinaryPrimitives.ReadInt32LittleEndian(span[16..]);
        int headBytes = HeaderBytes + ((count <= 0 ? 0 : Math.Min(count, span.Length / RecordBytes)) * RecordBytes);
        if (count <= 0 || count > (span.Length - HeaderBytes) / RecordBytes || BinaryPrimitives.ReadUInt32LittleEndian(span[CrcAt..]) != HeadCrc(span[..headBytes]))
        {
            throw Corrupt(place, "the checksum of its table does not match");
        }

        long position = BinaryPrimitives.ReadInt64LittleEndian(span[8..]);
        WalRecoveredRecord[] records = new WalRecoveredRecord[count];
        int payloadAt = headBytes;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> line = span.Slice(HeaderBytes + (i * RecordBytes), RecordBytes);
            int length = BinaryPrimitives.ReadInt32LittleEndian(line[36..]);
            if (length < 0 || length > span.Length - payloadAt)
            {
                throw Corrupt(place, $"record {i} of {count} does not fit");
            }

            records[i] = new WalRecoveredRecord(new WalPosition(position + i), DecodeRecord(line, bytes.Slice(payloadAt, length)));
            if (Crc32C.Compute(span.Slice(payloadAt, length)) != records[i].Record.PayloadCrc)
            {
                records[i] = records[i] with { Damage = $"{place}: the checksum of the record at position {position + i} does not match" };
            }

            payloadAt += length;
        }

        return payloadAt == span.Length ? records : throw Corrupt(place, $"{span.Length - payloadAt} bytes follow its last record");
    }

    private static void EncodeRecord(Span<byte> to, in WalRecord record)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, record.Stream.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], record.BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], record.LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], record.MaxTimestampMs);
        BinaryPrimitives.WriteInt32LittleEndian(to[32..], record.Epoch.Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[36..], record.Payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[40..], record.PayloadCrc);
    }

    private static WalRecord DecodeRecord(ReadOnlySpan<byte> from, ReadOnlyMemory<byte> payload) => new(
        new StreamId(BinaryPrimitives.ReadInt64LittleEndian(from)),
        new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(from[32..])),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[8..])),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[16..])),
        BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
        payload,
        BinaryPrimitives.ReadUInt32LittleEndian(from[40..]));

    private static uint HeadCrc(ReadOnlySpan<byte> head) => Crc32C.Append(Crc32C.Compute(head[..CrcAt]), head[HeaderBytes..]);

    private static StorageException Corrupt(string place, string what) => new(StorageErrorKind.Corrupt, $"{place} is damaged: {what}; restore the object");
}
