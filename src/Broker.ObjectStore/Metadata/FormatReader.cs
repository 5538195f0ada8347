using System.Buffers.Binary;
using System.Text;

namespace Broker.ObjectStore.Metadata;

/// <summary>
/// Reads what <see cref="FormatWriter"/> wrote. Whatever the bytes are, it ends in values or in a StorageException (Corrupt), and a count
/// never makes it allocate more than the bytes that are there can fill.
/// </summary>
/// <param name="bytes">The bytes.</param>
/// <param name="what">What they are, for errors.</param>
internal sealed class FormatReader(ReadOnlyMemory<byte> bytes, string what)
{
    private int _position;

    internal int Remaining => bytes.Length - _position;

    internal bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        byte other => throw Corrupt($"{other} is not a boolean"),
    };

    internal byte Byte() => Take(1)[0];

    internal ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    internal int Int32() => (int)UInt32();

    internal long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    internal Guid Guid() => new(Take(16), bigEndian: true);

    internal string String() => Encoding.UTF8.GetString(Take(Count(1)));

    internal ObjectKey Key()
    {
        string text = String();
        return ObjectKey.IsValid(text) ? new ObjectKey(text) : throw Corrupt($"'{text}' is not an object key");
    }

    /// <summary>A part of the bytes, with a reader of its own.</summary>
    internal FormatReader Slice(int length, string part)
    {
        _ = Take(length);
        return new FormatReader(bytes.Slice(_position - length, length), part);
    }

    internal T[] List<T>(int minItemBytes, Func<T> read)
    {
        T[] items = new T[Count(minItemBytes)];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = read();
        }

        return items;
    }

    internal Dictionary<string, string> Map()
    {
        int count = Count(8);
        Dictionary<string, string> map = new(count, StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            string key = String();
            if (!map.TryAdd(key, String()))
            {
                throw Corrupt($"the key '{key}' comes twice");
            }
        }

        return map;
    }

    /// <summary>Everything must have been read.</summary>
    internal void End()
    {
        if (Remaining > 0)
        {
            throw Corrupt($"{Remaining} bytes are left over");
        }
    }

    internal StorageException Corrupt(string fault)
        => new(StorageErrorKind.Corrupt, $"{what} is corrupt at byte {_position}: {fault}");

    internal StorageException Newer(string part, int version, int known)
        => new(StorageErrorKind.Invalid, $"{what}: {part} has version {version}; this build reads up to {known}. Nothing was changed; run a newer build");

    private int Count(int minItemBytes)
    {
        int count = Int32();
        return count >= 0 && (long)count * minItemBytes <= Remaining
            ? count
            : throw Corrupt($"a count of {count} does not fit in the {Remaining} bytes that follow");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
        {
            throw Corrupt($"{count} bytes are wanted, {Remaining} are there");
        }

        _position += count;
        return bytes.Span.Slice(_position - count, count);
    }
}
