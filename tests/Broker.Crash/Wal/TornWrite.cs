using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Broker.Crash.Wal;

/// <summary>How the last write was torn.</summary>
public enum Tear
{
    /// <summary>Bytes that never were a record: pages of something else.</summary>
    Garbage,

    /// <summary>The first half of a record's header.</summary>
    HalfHeader,

    /// <summary>A whole and valid header, with only a part of its payload.</summary>
    HalfPayload,

    /// <summary>A whole and valid header, and a payload of the right length with wrong bytes.</summary>
    WrongPayload,
}

/// <summary>
/// Does to a disk WAL what a power cut in the middle of an append does: puts a part of one more record behind the last
/// whole one. Knows the format from its document (docs/formats/disk-wal.md) alone, not from the code that it tests.
/// </summary>
public static class TornWrite
{
    private const int SegmentHeaderBytes = 4096;
    private const int RecordHeaderBytes = 80;

    /// <summary>A payload as large as a small batch: it spans pages, as torn writes do.</summary>
    private const int PayloadBytes = 10_000;

    private static ReadOnlySpan<byte> RecordMagic => "WREC"u8;

    /// <summary>Tears the write that would have come next in the folder's last segment; returns the place.</summary>
    /// <exception cref="InvalidOperationException">The folder has no segment.</exception>
    public static (string File, int At) Apply(string folder, Tear tear, Random random)
    {
        string file = Directory.GetFiles(folder, "*.wal")
            .Where(path => long.TryParse(
                Path.GetFileNameWithoutExtension(path), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            .Order(StringComparer.Ordinal)
            .LastOrDefault() ?? throw new InvalidOperationException($"no WAL segment in {folder}");
        byte[] segment = File.ReadAllBytes(file);
        (int end, long position) = FindEnd(segment);
        byte[] torn = NextRecord(segment, position, random);
        torn = tear switch
        {
            Tear.HalfHeader => torn[..(RecordHeaderBytes / 2)],
            Tear.HalfPayload => torn[..(RecordHeaderBytes + random.Next(PayloadBytes))],
            Tear.WrongPayload => Garbled(torn, RecordHeaderBytes + random.Next(PayloadBytes)),
            _ => Noise(PayloadBytes, random),
        };
        using FileStream stream = new(file, FileMode.Open, FileAccess.Write);
        stream.Position = end;
        stream.Write(torn.AsSpan(0, Math.Min(torn.Length, segment.Length - end)));
        return (file, end);
    }

    /// <summary>Where the whole records of a segment end, and the position that follows the last of them.</summary>
    private static (int End, long Position) FindEnd(ReadOnlySpan<byte> segment)
    {
        ReadOnlySpan<byte> salt = segment.Slice(24, sizeof(ulong));
        long position = BinaryPrimitives.ReadInt64LittleEndian(segment[32..]);
        int at = SegmentHeaderBytes;
        while (at + RecordHeaderBytes <= segment.Length)
        {
            ReadOnlySpan<byte> header = segment.Slice(at, RecordHeaderBytes);
            if (!header.StartsWith(RecordMagic)
                || !header.Slice(8, sizeof(ulong)).SequenceEqual(salt)
                || BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != Crc(header[8..])
                || BinaryPrimitives.ReadInt64LittleEndian(header[16..]) != position)
            {
                break;
            }

            int length = BinaryPrimitives.ReadInt32LittleEndian(header[68..]);
            if (length > segment.Length - at - RecordHeaderBytes
                || Crc(segment.Slice(at + RecordHeaderBytes, length)) != BinaryPrimitives.ReadUInt32LittleEndian(header[72..]))
            {
                break;
            }

            at += RecordHeaderBytes + length;
            position++;
        }

        return (at, position);
    }

    /// <summary>A record that recovery would take if it were whole: first and only one of its group.</summary>
    private static byte[] NextRecord(ReadOnlySpan<byte> segment, long position, Random random)
    {
        byte[] record = new byte[RecordHeaderBytes + PayloadBytes];
        random.NextBytes(record.AsSpan(RecordHeaderBytes));
        RecordMagic.CopyTo(record);
        segment.Slice(24, sizeof(ulong)).CopyTo(record.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(16), position);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(24), position);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(68), PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(72), Crc(record.AsSpan(RecordHeaderBytes)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), Crc(record.AsSpan(8, RecordHeaderBytes - 8)));
        return record;
    }

    private static byte[] Garbled(byte[] record, int at)
    {
        record[at] ^= 0x5a;
        return record;
    }

    private static byte[] Noise(int length, Random random)
    {
        byte[] noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    /// <summary>CRC-32C (Castagnoli), as of RFC 3720.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
