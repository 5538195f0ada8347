using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Broker.Wire.Primitives;

/// <summary>
/// Reads Kafka's primitive types from a sequence of bytes, big-endian. Lengths are checked against
/// what is left before anything is allocated, so that what a message allocates is bounded by what was received.
/// Every failure is a <see cref="MalformedMessageException"/>.
/// </summary>
public ref partial struct WireReader
{
    /// <summary>
    /// Elements that the arrays and tagged fields of one message may have together. An element takes up to fifty times its bytes on the wire once it is an object: what
    /// fits a frame of 100 MB would take gigabytes. Half a million is more partitions than a cluster has, and 50 MB at most.
    /// </summary>
    public const int MaxElements = 1 << 19;

    private SequenceReader<byte> _bytes;
    private int _elements;

    public WireReader(ReadOnlySequence<byte> bytes) => _bytes = new SequenceReader<byte>(bytes);

    public WireReader(ReadOnlyMemory<byte> bytes)
        : this(new ReadOnlySequence<byte>(bytes))
    {
    }

    /// <summary>Bytes read so far.</summary>
    public readonly long Consumed => _bytes.Consumed;

    /// <summary>Bytes not yet read.</summary>
    public readonly long Remaining => _bytes.Remaining;

    public bool ReadBool() => ReadByte() != 0;

    public sbyte ReadInt8() => (sbyte)ReadByte();

    public short ReadInt16()
    {
        if (!_bytes.TryReadBigEndian(out short value))
        {
            ThrowTooShort(sizeof(short));
        }

        return value;
    }

    public ushort ReadUInt16() => (ushort)ReadInt16();

    public int ReadInt32()
    {
        if (!_bytes.TryReadBigEndian(out int value))
        {
            ThrowTooShort(sizeof(int));
        }

        return value;
    }

    public uint ReadUInt32() => (uint)ReadInt32();

    public long ReadInt64()
    {
        if (!_bytes.TryReadBigEndian(out long value))
        {
            ThrowTooShort(sizeof(long));
        }

        return value;
    }

    public double ReadFloat64() => BitConverter.Int64BitsToDouble(ReadInt64());

    /// <summary>A UUID, whose 16 bytes are in the order of its text form.</summary>
    public Guid ReadUuid()
    {
        const int UuidBytes = 16;
        Require(UuidBytes);
        Span<byte> copy = stackalloc byte[UuidBytes];
        _ = _bytes.TryCopyTo(copy);
        _bytes.Advance(UuidBytes);
        return new Guid(copy, bigEndian: true);
    }

    /// <summary>A variable-length unsigned number: 7 bits a byte, least significant first (KIP-482).</summary>
    public uint ReadUnsignedVarint()
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = ReadByte();
            if (shift == 28 && next > 0x0F)
            {
                break;
            }

            value |= (uint)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        ThrowMalformed("a variable-length number does not fit 32 bits");
        return 0;
    }

    public string ReadString(bool flexible)
    {
        string? value = ReadNullableString(flexible);
        if (value is null)
        {
            ThrowNull("string");
        }

        return value;
    }

    public string? ReadNullableString(bool flexible)
    {
        int length = flexible ? ReadCompactLength("string") : ReadClassicLength(ReadInt16(), "string");
        return length < 0 ? null : ReadUtf8(length);
    }

    public byte[] ReadBytes(bool flexible)
    {
        byte[]? value = ReadNullableBytes(flexible);
        if (value is null)
        {
            ThrowNull("bytes");
        }

        return value;
    }

    public byte[]? ReadNullableBytes(bool flexible)
    {
        int length = ReadBytesLength(flexible);
        return length < 0 ? null : ReadRaw(length);
    }

    public ReadOnlySequence<byte> ReadRecords(bool flexible)
    {
        ReadOnlySequence<byte>? value = ReadNullableRecords(flexible);
        if (value is null)
        {
            ThrowNull("records");
        }

        return value.Value;
    }

    /// <summary>Record batches as a slice of the input: nothing is copied, and the input must outlive the result.</summary>
    public ReadOnlySequence<byte>? ReadNullableRecords(bool flexible)
    {
        int length = ReadBytesLength(flexible);
        return length < 0 ? null : ReadSlice(length);
    }

    /// <summary>The next <paramref name="length"/> bytes as a slice of the input.</summary>
    public ReadOnlySequence<byte> ReadSlice(int length)
    {
        if (!_bytes.TryReadExact(length, out ReadOnlySequence<byte> slice))
        {
            ThrowTooShort(length);
        }

        return slice;
    }

    /// <summary>Whether the nullable struct that follows is there: a byte that is 1, or -1 for null.</summary>
    public bool ReadPresence() => ReadInt8() >= 0;

    private byte ReadByte()
    {
        if (!_bytes.TryRead(out byte value))
        {
            ThrowTooShort(1);
        }

        return value;
    }

    private int ReadBytesLength(bool flexible) =>
        flexible ? ReadCompactLength("bytes") : ReadClassicLength(ReadInt32(), "bytes");

    /// <summary>A length that is one less than written, -1 for null, checked against what is left.</summary>
    private int ReadCompactLength(string what)
    {
        long length = (long)ReadUnsignedVarint() - 1;
        return length <= _bytes.Remaining ? (int)length : ThrowTooLong(length, what);
    }

    private readonly int ReadClassicLength(int length, string what) =>
        length >= -1 && length <= _bytes.Remaining ? length : ThrowTooLong(length, what);

    private string ReadUtf8(int length)
    {
        ReadOnlySpan<byte> here = _bytes.UnreadSpan;
        string value = length <= here.Length
            ? Encoding.UTF8.GetString(here[..length])
            : Encoding.UTF8.GetString(_bytes.UnreadSequence.Slice(0, length));
        _bytes.Advance(length);
        return value;
    }

    private byte[] ReadRaw(int length)
    {
        if (length == 0)
        {
            return [];
        }

        byte[] value = GC.AllocateUninitializedArray<byte>(length);
        _ = _bytes.TryCopyTo(value);
        _bytes.Advance(length);
        return value;
    }

    private readonly void Require(long bytes)
    {
        if (_bytes.Remaining < bytes)
        {
            ThrowTooShort(bytes);
        }
    }

    [DoesNotReturn]
    private readonly void ThrowTooShort(long needed) =>
        throw new MalformedMessageException($"{needed} bytes are needed at byte {Consumed}, and {Remaining} are left");

    [DoesNotReturn]
    private readonly int ThrowTooLong(long length, string what) =>
        throw new MalformedMessageException($"the length {length} of {what} before byte {Consumed} is impossible: {Remaining} bytes are left");

    [DoesNotReturn]
    private readonly void ThrowNull(string what) =>
        throw new MalformedMessageException($"{what} before byte {Consumed} must not be null");

    [DoesNotReturn]
    private readonly void ThrowMalformed(string problem) =>
        throw new MalformedMessageException($"{problem} before byte {Consumed}");
}
