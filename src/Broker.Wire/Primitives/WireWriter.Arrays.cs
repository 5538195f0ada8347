namespace Broker.Wire.Primitives;

/// <summary>Arrays: a count (-1 for null), then the elements.</summary>
public ref partial struct WireWriter
{
    public void WriteArray<T>(List<T>? list, short version, bool flexible)
        where T : class, IWireStruct
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            list[i].Write(ref this, version);
        }
    }

    public void WriteInt8Array(List<sbyte>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteInt8(list[i]);
        }
    }

    public void WriteInt16Array(List<short>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteInt16(list[i]);
        }
    }

    public void WriteInt32Array(List<int>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteInt32(list[i]);
        }
    }

    public void WriteInt64Array(List<long>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteInt64(list[i]);
        }
    }

    public void WriteUuidArray(List<Guid>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteUuid(list[i]);
        }
    }

    public void WriteStringArray(List<string>? list, bool flexible)
    {
        WriteLength(list?.Count ?? -1, flexible);
        for (int i = 0; i < list?.Count; i++)
        {
            WriteString(list[i], flexible);
        }
    }
}
