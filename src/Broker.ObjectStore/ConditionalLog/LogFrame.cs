using System.Buffers;
using System.Buffers.Binary;

namespace Broker.ObjectStore;

/// <summary>What an entry of a conditional log is.</summary>
internal enum LogFrameKind : byte
{
    /// <summary>An append, of the writer of the slot before.</summary>
    Data = 1,

    /// <summary>A change of owner.</summary>
    Fence = 2,

    /// <summary>The first append after a change of owner: the slot before may hold a late entry of someone else.</summary>
    FirstData = 3,

    /// <summary>A change of owner that leaves slots free before it, to outrun a writer at work; see <see cref="LogFencing"/>.</summary>
    FenceAhead = 4,
}

/// <summary>
/// The bytes of one slot: a header of 48 bytes and the payload. A fence has no payload and data has some, so that a listing
/// tells them apart by size. Layout: docs/formats/conditional-log.md.
/// </summary>
internal sealed record LogFrame(LogFrameKind Kind, long Slot, long Epoch, Guid WriterId, ReadOnlyMemory<byte> Payload, uint Crc)
{
    /// <summary>The checksum does not match; slot, length and kind make sense.</summary>
    internal bool IsDamaged { get; private init; }

    /// <summary>How many of the slots just before this one its writer had not settled when it sent it: all before those were taken. Null: an entry of version 1 does not say.</summary>
    internal int? UnsettledSlots { get; private init; }

    internal bool IsFence => Kind is LogFrameKind.Fence or LogFrameKind.FenceAhead;

    internal const int HeaderBytes = 48;
    private const uint Magic = 0x474C4342; // "BCLG"
    private const ushort Version = 2;
    private const ushort FirstWithUnsettledSlots = 2;
    private const int CrcPosition = HeaderBytes - sizeof(uint);

    /// <summary>The frame as it is stored, without copying the payload, and its checksum; without reading the payload where its own is known.</summary>
    internal static (ReadOnlySequence<byte> Bytes, uint Crc) Encode(
        LogFrameKind kind, long slot, long epoch, Guid writerId, in ReadOnlySequence<byte> payload, uint? payloadCrc = null, int unsettledSlots = 0)
    {
        byte[] header = new byte[HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), Version);
        header[6] = (byte)kind;
        header[7] = checked((byte)unsettledSlots);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), slot);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), epoch);
        writerId.TryWriteBytes(header.AsSpan(24), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), checked((uint)payload.Length));
        uint headerCrc = Crc32C.Compute(header.AsSpan(0, CrcPosition));
        uint crc = payloadCrc is { } known ? Crc32C.Combine(headerCrc, known, payload.Length) : Crc32C.Append(headerCrc, payload);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(CrcPosition), crc);
        return (SequenceSegment.Join(header, payload), crc);
    }

    /// <param name="key">The entry's name.</param>
    /// <param name="slot">The slot that it names.</param>
    /// <param name="bytes">What is stored there.</param>
    /// <param name="acceptsDamage">Whether an entry is wanted whose checksum does not match: its payload may have checksums of its own, by which more can be said.</param>
    /// <exception cref="StorageException">Corrupt; or Invalid: written by a newer version.</exception>
    internal static LogFrame Decode(ObjectKey key, long slot, ReadOnlyMemory<byte> bytes, bool acceptsDamage = false)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(span) != Magic)
        {
            throw Corrupt(key, "it has no entry header");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(span[4..]);
        if (version > Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"log entry '{key}' has version {version}; this build reads up to {Version}");
        }

        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(span[CrcPosition..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[40..]);
        bool matches = length == span.Length - HeaderBytes && crc == Crc32C.Append(Crc32C.Compute(span[..CrcPosition]), span[HeaderBytes..]);
        if (!matches && (!acceptsDamage || length != span.Length - HeaderBytes))
        {
            throw Corrupt(key, "its length or checksum does not match");
        }

        LogFrame frame = new(
            (LogFrameKind)span[6],
            BinaryPrimitives.ReadInt64LittleEndian(span[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(span[16..]),
            new Guid(span.Slice(24, 16), bigEndian: true),
            bytes[HeaderBytes..],
            crc)
        { IsDamaged = !matches, UnsettledSlots = version >= FirstWithUnsettledSlots ? span[7] : null };
        if (frame.Slot != slot)
        {
            throw Corrupt(key, $"it was written for slot {frame.Slot}");
        }

        bool isSound = Enum.IsDefined(frame.Kind) && frame.IsFence == (length == 0);
        return isSound ? frame : throw Corrupt(key, $"kind {frame.Kind} with {length} payload bytes does not exist");
    }

    internal static StorageException Damaged(ObjectKey key) => Corrupt(key, "its checksum does not match");

    private static StorageException Corrupt(ObjectKey key, string what)
        => new(StorageErrorKind.Corrupt, $"log entry '{key}' is corrupt: {what}. Nothing was changed; restore the object");
}

/// <summary>Joins buffers to a sequence without copying.</summary>
internal sealed class SequenceSegment : ReadOnlySequenceSegment<byte>
{
    private SequenceSegment(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    /// <summary>The pieces one behind the other; at least one of them is not empty.</summary>
    internal static ReadOnlySequence<byte> Of(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        SequenceSegment first = new(pieces[0], 0);
        SequenceSegment last = first;
        foreach (ReadOnlyMemory<byte> piece in pieces.Skip(1).Where(piece => !piece.IsEmpty))
        {
            last = last.Append(piece);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    internal static ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> head, in ReadOnlySequence<byte> tail)
    {
        SequenceSegment first = new(head, 0);
        SequenceSegment last = first;
        foreach (ReadOnlyMemory<byte> memory in tail)
        {
            last = last.Append(memory);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private SequenceSegment Append(ReadOnlyMemory<byte> memory)
    {
        SequenceSegment next = new(memory, RunningIndex + Memory.Length);
        Next = next;
        return next;
    }
}
