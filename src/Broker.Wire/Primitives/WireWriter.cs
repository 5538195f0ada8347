using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Broker.Wire.Primitives;

/// <summary>
/// Writes Kafka's primitive types, big-endian, straight into the memory that an <see cref="IBufferWriter{T}"/> lends.
/// Nothing is handed over until <see cref="Commit"/>, except chunks that are full.
/// </summary>
public ref partial struct WireWriter
{
    // Copying less costs less than keeping track of one more piece.
    private const int ReferenceFromBytes = 4096;

    private readonly IBufferWriter<byte> _output;
    private Span<byte> _chunk;
    private int _used;
    private long _handedOver;

    public WireWriter(IBufferWriter<byte> output)
    {
        _output = output;
        _chunk = default;
        _used = 0;
        _handedOver = 0;
    }

    /// <summary>Bytes written so far, committed or not.</summary>
    public readonly long Written => _handedOver + _used;

    /// <summary>Hands what was written to the output; call it at the end.</summary>
    public void Commit()
    {
        _output.Advance(_used);
        _handedOver += _used;
        _chunk = default;
        _used = 0;
    }

    public void WriteBool(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(sizeof(double)), value);

    /// <summary>A UUID, its 16 bytes in the order of its text form.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    /// <inheritdoc cref="WireReader.ReadUnsignedVarint"/>
    public void WriteUnsignedVarint(uint value)
    {
        Span<byte> bytes = Take(WireSize.OfUnsignedVarint(value));
        for (int i = 0; i < bytes.Length - 1; i++)
        {
            bytes[i] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[^1] = (byte)value;
    }

    public void WriteString(string? value, bool flexible)
    {
        if (value is null)
        {
            WriteLength(-1, flexible, isString: true);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        WireSize.RequireStringLength(length, flexible);
        WriteLength(length, flexible, isString: true);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    public void WriteBytes(byte[]? value, bool flexible)
    {
        WriteLength(value?.Length ?? -1, flexible);
        WriteRaw(value);
    }

    public void WriteRecords(in ReadOnlySequence<byte>? value, bool flexible)
    {
        if (value is not { } sequence)
        {
            WriteLength(-1, flexible);
            return;
        }

        WriteLength(checked((int)sequence.Length), flexible);
        foreach (ReadOnlyMemory<byte> segment in sequence)
        {
            if (_output is IReferenceWriter references && segment.Length >= ReferenceFromBytes)
            {
                Commit();
                references.WriteReference(segment);
                _handedOver += segment.Length;
            }
            else
            {
                WriteRaw(segment.Span);
            }
        }
    }

    /// <summary>Bytes as they are, without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_used == _chunk.Length)
            {
                NextChunk(1);
            }

            int count = Math.Min(bytes.Length, _chunk.Length - _used);
            bytes[..count].CopyTo(_chunk[_used..]);
            _used += count;
            bytes = bytes[count..];
        }
    }

    /// <inheritdoc cref="WireReader.ReadPresence"/>
    public void WritePresence(bool present) => WriteInt8(present ? (sbyte)1 : (sbyte)-1);

    /// <summary>A length or count; -1 for null.</summary>
    private void WriteLength(int length, bool flexible, bool isString = false)
    {
        if (flexible)
        {
            WriteUnsignedVarint((uint)length + 1);
        }
        else if (isString)
        {
            WriteInt16((short)length);
        }
        else
        {
            WriteInt32(length);
        }
    }

    private Span<byte> Take(int bytes)
    {
        if (_chunk.Length - _used < bytes)
        {
            NextChunk(bytes);
        }

        Span<byte> taken = _chunk.Slice(_used, bytes);
        _used += bytes;
        return taken;
    }

    private void NextChunk(int bytes)
    {
        _output.Advance(_used);
        _handedOver += _used;
        _chunk = _output.GetSpan(bytes);
        _used = 0;
    }
}
