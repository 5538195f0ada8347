namespace Broker.Wire.Records;

/// <summary>One record. Its memory belongs to whatever it was read from or is written from.</summary>
/// <param name="Offset">Its offset in the partition.</param>
/// <param name="TimestampMs">Milliseconds since 1970.</param>
/// <param name="Key">The key, or null.</param>
/// <param name="Value">The value, or null: a tombstone in compacted topics.</param>
/// <param name="Headers">The headers in order; keys may repeat.</param>
public readonly record struct Record(
    long Offset,
    long TimestampMs,
    ReadOnlyMemory<byte>? Key,
    ReadOnlyMemory<byte>? Value,
    IReadOnlyList<RecordHeader> Headers);

/// <summary>A header of a record: a key that is text, and a value that may be null.</summary>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
