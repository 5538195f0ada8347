namespace Broker.Wire.Primitives;

/// <summary>Tagged fields (KIP-482), in ascending order of their tags.</summary>
public ref partial struct WireWriter
{
    /// <summary>The tagged fields of a struct that has none of its own.</summary>
    public void WriteTaggedFields(List<RawTaggedField>? unknown)
    {
        WriteTaggedFieldCount(0, unknown);
        WriteUnknownTaggedFields(unknown, 0, below: null);
    }

    public void WriteTaggedFieldCount(int known, List<RawTaggedField>? unknown) =>
        WriteUnsignedVarint((uint)(known + (unknown?.Count ?? 0)));

    /// <summary>What precedes the value of a tagged field.</summary>
    public void WriteTag(uint tag, int sizeBytes)
    {
        WriteUnsignedVarint(tag);
        WriteUnsignedVarint((uint)sizeBytes);
    }

    /// <summary>
    /// Writes the unknown fields from index <paramref name="next"/> on whose tag is less than <paramref name="below"/>
    /// (all of the rest when null), and returns the index of the first that is left.
    /// </summary>
    public int WriteUnknownTaggedFields(List<RawTaggedField>? unknown, int next, uint? below)
    {
        for (; next < unknown?.Count && !(unknown[next].Tag >= below); next++)
        {
            RawTaggedField field = unknown[next];
            WriteTag(field.Tag, field.Value.Length);
            WriteRaw(field.Value);
        }

        return next;
    }
}
