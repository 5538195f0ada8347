namespace Broker.Wire.Primitives;

/// <summary>Arrays: the count is checked against the fewest bytes that so many elements take, and against <see cref="MaxElements"/>, before the list is made.</summary>
public ref partial struct WireReader
{
    /// <summary>An array of structs, each at least <paramref name="minElementBytes"/> long (at least 1).</summary>
    public List<T> ReadArray<T>(short version, bool flexible, int minElementBytes)
        where T : class, IReadable<T> =>
        ReadNullableArray<T>(version, flexible, minElementBytes) ?? NullArray<T>();

    /// <inheritdoc cref="ReadArray{T}"/>
    public List<T>? ReadNullableArray<T>(short version, bool flexible, int minElementBytes)
        where T : class, IReadable<T>
    {
        int count = ReadCount(flexible, minElementBytes);
        if (count < 0)
        {
            return null;
        }

        List<T> list = new(count);
        for (int i = 0; i < count; i++)
        {
            list.Add(T.Read(ref this, version));
        }

        return list;
    }

    public List<sbyte> ReadInt8Array(bool flexible) => ReadNullableInt8Array(flexible) ?? NullArray<sbyte>();

    public List<sbyte>? ReadNullableInt8Array(bool flexible)
    {
        List<sbyte>? list = CreateList<sbyte>(flexible, sizeof(sbyte), out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadInt8());
        }

        return list;
    }

    public List<short> ReadInt16Array(bool flexible) => ReadNullableInt16Array(flexible) ?? NullArray<short>();

    public List<short>? ReadNullableInt16Array(bool flexible)
    {
        List<short>? list = CreateList<short>(flexible, sizeof(short), out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadInt16());
        }

        return list;
    }

    public List<int> ReadInt32Array(bool flexible) => ReadNullableInt32Array(flexible) ?? NullArray<int>();

    public List<int>? ReadNullableInt32Array(bool flexible)
    {
        List<int>? list = CreateList<int>(flexible, sizeof(int), out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadInt32());
        }

        return list;
    }

    public List<long> ReadInt64Array(bool flexible) => ReadNullableInt64Array(flexible) ?? NullArray<long>();

    public List<long>? ReadNullableInt64Array(bool flexible)
    {
        List<long>? list = CreateList<long>(flexible, sizeof(long), out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadInt64());
        }

        return list;
    }

    public List<Guid> ReadUuidArray(bool flexible) => ReadNullableUuidArray(flexible) ?? NullArray<Guid>();

    public List<Guid>? ReadNullableUuidArray(bool flexible)
    {
        List<Guid>? list = CreateList<Guid>(flexible, 16, out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadUuid());
        }

        return list;
    }

    public List<string> ReadStringArray(bool flexible) => ReadNullableStringArray(flexible) ?? NullArray<string>();

    public List<string>? ReadNullableStringArray(bool flexible)
    {
        List<string>? list = CreateList<string>(flexible, flexible ? 1 : sizeof(short), out int count);
        for (int i = 0; i < count; i++)
        {
            list!.Add(ReadString(flexible));
        }

        return list;
    }

    private List<T>? CreateList<T>(bool flexible, int minElementBytes, out int count)
    {
        count = ReadCount(flexible, minElementBytes);
        return count < 0 ? null : new List<T>(count);
    }

    private int ReadCount(bool flexible, int minElementBytes)
    {
        long count = flexible ? (long)ReadUnsignedVarint() - 1 : ReadInt32();
        if (count < -1 || count * minElementBytes > Remaining)
        {
            return ThrowTooLong(count, "an array");
        }

        CountElements(Math.Max(0, count));
        return (int)count;
    }

    private void CountElements(long count)
    {
        if (count > MaxElements - _elements)
        {
            ThrowMalformed($"{_elements + count} elements of arrays, where {MaxElements} may be,");
        }

        _elements += (int)count;
    }

    private readonly List<T> NullArray<T>()
    {
        ThrowNull("an array");
        return [];
    }
}
