using System.Buffers;
using System.Numerics;
using System.Text;

namespace Broker.Wire.Primitives;

/// <summary>How many bytes <see cref="WireWriter"/> will write for a value.</summary>
public static class WireSize
{
    public static int OfUnsignedVarint(uint value) => (BitOperations.Log2(value | 1) / 7) + 1;

    public static int OfString(string? value, bool flexible)
    {
        if (value is null)
        {
            return flexible ? 1 : sizeof(short);
        }

        int length = Encoding.UTF8.GetByteCount(value);
        RequireStringLength(length, flexible);
        return (flexible ? OfUnsignedVarint((uint)length + 1) : sizeof(short)) + length;
    }

    public static int OfBytes(byte[]? value, bool flexible) =>
        OfLength(value?.Length ?? -1, flexible) + (value?.Length ?? 0);

    public static int OfRecords(in ReadOnlySequence<byte>? value, bool flexible)
    {
        int length = checked((int)(value?.Length ?? -1));
        return OfLength(length, flexible) + Math.Max(length, 0);
    }

    public static int OfArray<T>(List<T>? list, short version, bool flexible)
        where T : class, IWireStruct
    {
        int size = OfLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            size = checked(size + list[i].GetSize(version));
        }

        return size;
    }

    /// <summary>An array whose elements always take <paramref name="elementBytes"/>.</summary>
    public static int OfFixedArray<T>(List<T>? list, int elementBytes, bool flexible) =>
        OfLength(list?.Count ?? -1, flexible) + ((list?.Count ?? 0) * elementBytes);

    public static int OfStringArray(List<string>? list, bool flexible)
    {
        int size = OfLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            size += OfString(list[i], flexible);
        }

        return size;
    }

    /// <summary>A tagged field with its tag and size.</summary>
    public static int OfTagged(uint tag, int valueBytes) =>
        OfUnsignedVarint(tag) + OfUnsignedVarint((uint)valueBytes) + valueBytes;

    /// <summary>The count of tagged fields, and those of them that are unknown.</summary>
    public static int OfTaggedFields(int known, List<RawTaggedField>? unknown)
    {
        int size = OfUnsignedVarint((uint)(known + (unknown?.Count ?? 0)));
        for (int i = 0; i < unknown?.Count; i++)
        {
            size += OfTagged(unknown[i].Tag, unknown[i].Value.Length);
        }

        return size;
    }

    /// <summary>Refuses strings that the 16 bits of a classic length cannot describe, before a wrong length is written.</summary>
    internal static void RequireStringLength(int length, bool flexible)
    {
        if (length > short.MaxValue && !flexible)
        {
            throw new MalformedMessageException($"a string of {length} bytes is too long for this version, which allows {short.MaxValue}");
        }
    }

    private static int OfLength(int length, bool flexible) =>
        flexible ? OfUnsignedVarint((uint)length + 1) : sizeof(int);
}
