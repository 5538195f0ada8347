using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Broker.ObjectStore.Metadata;

/// <summary>Writes the primitives of the metadata formats: little-endian integers, strings and lists with a 32-bit count before them.</summary>
internal sealed class FormatWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    internal int Length => _buffer.WrittenCount;

    internal ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    internal byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    internal void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    internal void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    internal void UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
    }

    internal void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    internal void Int32(int value) => UInt32((uint)value);

    internal void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    internal void Guid(Guid value)
    {
        value.TryWriteBytes(_buffer.GetSpan(16), bigEndian: true, out int written);
        _buffer.Advance(written);
    }

    internal void String(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Int32(bytes);
        Encoding.UTF8.GetBytes(value, _buffer.GetSpan(bytes));
        _buffer.Advance(bytes);
    }

    internal void Bytes(ReadOnlySpan<byte> value) => _buffer.Write(value);

    internal void List<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        Int32(items.Count);
        foreach (T item in items)
        {
            write(item);
        }
    }

    /// <summary>In the order of the keys, so that equal maps have equal bytes.</summary>
    internal void Map(IReadOnlyDictionary<string, string> map)
    {
        Int32(map.Count);
        foreach ((string key, string value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            String(key);
            String(value);
        }
    }
}
