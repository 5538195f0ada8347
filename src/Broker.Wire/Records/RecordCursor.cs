using System.Text;

namespace Broker.Wire.Records;

/// <summary>Reads the parts of a record from the (decompressed) payload of a batch; every length is checked before use.</summary>
internal struct RecordCursor(ReadOnlyMemory<byte> payload)
{
    private readonly ReadOnlyMemory<byte> _payload = payload;
    private int _position;

    public readonly int Position => _position;

    public readonly int Remaining => _payload.Length - _position;

    public long ReadVarlong(string what)
    {
        if (!Varint.TryRead(_payload.Span[_position..], out long value, out int count))
        {
            throw Malformed($"{what} is cut off or too long");
        }

        _position += count;
        return value;
    }

    public int ReadVarint(string what)
    {
        long value = ReadVarlong(what);
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Malformed($"{what} does not fit 32 bits");
    }

    public void SkipByte(string what)
    {
        if (Remaining < 1)
        {
            throw Malformed($"{what} is missing");
        }

        _position++;
    }

    /// <summary>A length of which 0 up to what is left is possible.</summary>
    public int ReadLength(string what)
    {
        int length = ReadVarint(what);
        return length >= 0 && length <= Remaining
            ? length
            : throw Malformed($"the length {length} of {what} is impossible with {Remaining} bytes left");
    }

    /// <summary>Bytes behind their length; null for the length -1.</summary>
    public ReadOnlyMemory<byte>? ReadNullableBytes(string what)
    {
        int length = ReadVarint(what);
        if (length == -1)
        {
            return null;
        }

        if (length < 0 || length > Remaining)
        {
            throw Malformed($"the length {length} of {what} is impossible with {Remaining} bytes left");
        }

        ReadOnlyMemory<byte> value = _payload.Slice(_position, length);
        _position += length;
        return value;
    }

    public string ReadText(string what)
    {
        int length = ReadLength(what);
        string text = Encoding.UTF8.GetString(_payload.Span.Slice(_position, length));
        _position += length;
        return text;
    }

    public readonly MalformedMessageException Malformed(string problem) =>
        new($"{problem}, at byte {_position} of the batch's records");
}
