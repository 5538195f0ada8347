namespace Broker.Wire.Primitives;

/// <summary>Tagged fields (KIP-482): a count, then for each its tag, its size and its value.</summary>
public ref partial struct WireReader
{
    /// <summary>The fewest bytes of a tagged field: tag and size.</summary>
    private const int MinTaggedFieldBytes = 2;

    public int ReadTaggedFieldCount()
    {
        uint count = ReadUnsignedVarint();
        if ((long)count * MinTaggedFieldBytes > Remaining)
        {
            return ThrowTooLong(count, "the tagged fields");
        }

        CountElements(count);
        return (int)count;
    }

    /// <summary>Reads the tag and tells where its value must end, for <see cref="EndTaggedField"/>.</summary>
    public uint BeginTaggedField(out long end)
    {
        uint tag = ReadUnsignedVarint();
        uint size = ReadUnsignedVarint();
        Require(size);
        end = Consumed + size;
        return tag;
    }

    /// <summary>Checks that the value took as many bytes as it announced.</summary>
    public readonly void EndTaggedField(long end)
    {
        if (Consumed != end)
        {
            ThrowMalformed($"a tagged field should end at byte {end}, and does not end");
        }
    }

    /// <summary>Adds the value that ends at <paramref name="end"/> to the unknown ones before it.</summary>
    public List<RawTaggedField> ReadUnknownTaggedField(List<RawTaggedField>? known, uint tag, long end)
    {
        List<RawTaggedField> all = known ?? [];
        all.Add(new RawTaggedField(tag, ReadRaw((int)(end - Consumed))));
        return all;
    }

    /// <summary>The tagged fields of a struct that has none of its own; null when there are none.</summary>
    public List<RawTaggedField>? ReadUnknownTaggedFields()
    {
        List<RawTaggedField>? unknown = null;
        for (int left = ReadTaggedFieldCount(); left > 0; left--)
        {
            uint tag = BeginTaggedField(out long end);
            unknown = ReadUnknownTaggedField(unknown, tag, end);
        }

        return unknown;
    }
}
