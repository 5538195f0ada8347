using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Akka.Serialization;

/// <summary>Writes binary messages: numbers big-endian, text as UTF-8 and bytes with their length before them.</summary>
internal sealed class ByteWriter
{
    private const int InitialBytes = 256;

    private readonly ArrayBufferWriter<byte> _buffer = new(InitialBytes);

    public int Length => _buffer.WrittenCount;

    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>Forgets what was written; the memory stays for the next message.</summary>
    public void Clear() => _buffer.ResetWrittenCount();

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void WriteByte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void WriteBoolean(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.GetSpan(sizeof(ushort)), value);
        _buffer.Advance(sizeof(ushort));
    }

    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(sizeof(int)), value);
        _buffer.Advance(sizeof(int));
    }

    public void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
    }

    public void WriteRaw(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        WriteInt32(bytes.Length);
        WriteRaw(bytes);
    }

    public void WriteString(string text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        WriteInt32(bytes);
        Encoding.UTF8.GetBytes(text, _buffer.GetSpan(bytes));
        _buffer.Advance(bytes);
    }

    /// <summary>Leaves room for a length that is known later.</summary>
    /// <returns>Where that room is; give it to <see cref="FillLength"/>.</returns>
    public int ReserveLength()
    {
        int at = Length;
        WriteInt32(0);
        return at;
    }

    /// <summary>Writes how many bytes came after the reserved room.</summary>
    public void FillLength(int at)
    {
        Span<byte> written = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_buffer.WrittenMemory).Span;
        BinaryPrimitives.WriteInt32BigEndian(written[at..], Length - at - sizeof(int));
    }

    /// <summary>Takes back everything from <paramref name="length"/> on: a message that could not be written to its end.</summary>
    public void TruncateTo(int length)
    {
        byte[] kept = _buffer.WrittenSpan[..length].ToArray();
        _buffer.ResetWrittenCount();
        WriteRaw(kept);
    }
}
