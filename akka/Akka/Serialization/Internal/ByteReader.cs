using System.Buffers.Binary;
using System.Runtime.Serialization;
using System.Text;

namespace Akka.Serialization;

/// <summary>
/// Reads what <see cref="ByteWriter"/> wrote. Whatever the bytes are, it either returns a value or throws
/// <see cref="SerializationException"/>, and allocates no more than the bytes that are there.
/// </summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public byte ReadByte() => Take(1)[0];

    public bool ReadBoolean() => ReadByte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new SerializationException($"{other} is neither true nor false."),
    };

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    public ReadOnlySpan<byte> ReadSpan() => Take(ReadInt32());

    public byte[] ReadBytes() => ReadSpan().ToArray();

    public string ReadString() => Encoding.UTF8.GetString(ReadSpan());

    public ReadOnlySpan<byte> ReadRest() => Take(_rest.Length);

    /// <summary>The number of items of a list.</summary>
    /// <param name="minBytesPerItem">What the smallest item takes: a count for which there are not enough bytes is refused.</param>
    public int ReadCount(int minBytesPerItem)
    {
        int count = ReadInt32();
        return count >= 0 && (long)count * minBytesPerItem <= _rest.Length
            ? count
            : throw new SerializationException($"A list of {count} items in {_rest.Length} bytes.");
    }

    /// <exception cref="SerializationException">There are bytes left.</exception>
    public readonly void ExpectEnd()
    {
        if (_rest.Length > 0)
        {
            throw new SerializationException($"{_rest.Length} bytes after the end of the message.");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            throw new SerializationException($"The message ends after {_rest.Length} of {count} bytes.");
        }

        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
