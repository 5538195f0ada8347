namespace Broker.Wire.Records;

/// <summary>
/// One record as it lies among its batch's uncompressed records: what it takes to decide about it, and to copy it byte for
/// byte. Nothing is decoded that is not needed for that; headers are not looked at.
/// </summary>
public readonly ref struct RecordSlice
{
    internal RecordSlice(ReadOnlySpan<byte> bytes, byte attributes, long timestampDelta, int offsetDelta, ReadOnlySpan<byte> afterTimestamp)
    {
        Bytes = bytes;
        Attributes = attributes;
        TimestampDelta = timestampDelta;
        OffsetDelta = offsetDelta;
        AfterTimestamp = afterTimestamp;
    }

    /// <summary>The whole record, its length in front.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Milliseconds from the batch's base timestamp.</summary>
    public long TimestampDelta { get; }

    /// <summary>The offset, counted from the batch's first.</summary>
    public int OffsetDelta { get; }

    /// <summary>Whether it has a key; an empty one is one.</summary>
    public bool HasKey { get; internal init; }

    /// <summary>The key; empty without one.</summary>
    public ReadOnlySpan<byte> Key { get; internal init; }

    /// <summary>Whether it has a value. One with a key and without a value is a tombstone: it deletes its key.</summary>
    public bool HasValue { get; internal init; }

    internal byte Attributes { get; }

    /// <summary>Everything from the offset delta on: what stays as it is when the timestamp is counted from elsewhere.</summary>
    internal ReadOnlySpan<byte> AfterTimestamp { get; }
}
