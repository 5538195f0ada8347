namespace Broker.Wire.Records;

/// <summary>Walks the records of one batch without allocating. Usable with <c>foreach</c>.</summary>
/// <remarks>Offsets must rise: in a batch that a cleaning has thinned out they have gaps.</remarks>
public ref struct RecordSlices
{
    /// <summary>What a length of -1 means: null.</summary>
    private const int NullLength = -1;

    private readonly ReadOnlySpan<byte> _records;
    private readonly int _count;
    private readonly int _lastOffsetDelta;
    private int _position;
    private int _read;
    private int _previousDelta;
    private RecordSlice _current;

    /// <param name="batch">Whose records.</param>
    /// <param name="records">All of them, as <see cref="RecordUnpacker.Unpack"/> gives them.</param>
    public RecordSlices(scoped in RecordBatchView batch, ReadOnlySpan<byte> records)
    {
        _records = records;
        _count = batch.RecordCount;
        _lastOffsetDelta = batch.LastOffsetDelta;
        _position = 0;
        _read = 0;
        _previousDelta = -1;
        _current = default;
    }

    /// <summary>The record that <see cref="MoveNext"/> found.</summary>
    public readonly RecordSlice Current => _current;

    public readonly RecordSlices GetEnumerator() => this;

    /// <summary>Goes to the next record; false after the last.</summary>
    /// <exception cref="MalformedMessageException">The records are not what the batch's header states.</exception>
    public bool MoveNext()
    {
        if (_read == _count)
        {
            return _position == _records.Length ? false : throw Malformed($"{_records.Length - _position} bytes follow the last of {_count} records");
        }

        int start = _position;
        int length = ReadLength("a record");
        int end = _position + length;
        if (length == 0)
        {
            throw Malformed("a record without a byte");
        }

        byte attributes = _records[_position++];
        long timestampDelta = ReadVarlong("a timestamp delta");
        int afterTimestamp = _position;
        int offsetDelta = ReadVarint("an offset delta");
        if (offsetDelta <= _previousDelta || offsetDelta > _lastOffsetDelta)
        {
            throw Malformed($"the offset delta {offsetDelta} does not lie between {_previousDelta} and the batch's last, {_lastOffsetDelta}");
        }

        bool hasKey = TryReadBytes("a key", out ReadOnlySpan<byte> key);
        bool hasValue = TryReadBytes("a value", out _);
        if (_position > end)
        {
            throw Malformed($"a record should end at byte {end}");
        }

        _current = new RecordSlice(_records[start..end], attributes, timestampDelta, offsetDelta, _records[afterTimestamp..end]) { HasKey = hasKey, Key = key, HasValue = hasValue };
        (_position, _previousDelta) = (end, offsetDelta);
        _read++;
        return true;
    }

    private bool TryReadBytes(string what, out ReadOnlySpan<byte> bytes)
    {
        int length = ReadVarint(what);
        bytes = default;
        if (length == NullLength)
        {
            return false;
        }

        if (length < 0 || length > _records.Length - _position)
        {
            throw Impossible(what, length);
        }

        bytes = _records.Slice(_position, length);
        _position += length;
        return true;
    }

    private int ReadLength(string what)
    {
        int length = ReadVarint(what);
        return length >= 0 && length <= _records.Length - _position ? length : throw Impossible(what, length);
    }

    private int ReadVarint(string what)
    {
        long value = ReadVarlong(what);
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Malformed($"{what} does not fit 32 bits");
    }

    private long ReadVarlong(string what)
    {
        if (!Varint.TryRead(_records[_position..], out long value, out int count))
        {
            throw Malformed($"{what} is cut off or too long");
        }

        _position += count;
        return value;
    }

    private readonly MalformedMessageException Impossible(string what, int length) =>
        Malformed($"the length {length} of {what} is impossible with {_records.Length - _position} bytes left");

    private readonly MalformedMessageException Malformed(string problem) => new($"{problem}, at byte {_position} of the batch's records");
}
