using System.Buffers.Binary;

namespace Broker.Wire.Records;

/// <summary>
/// Walks the batches of a buffer by their stated lengths. A last batch that is cut off ends the walk: fetch responses and
/// log tails may end in one. Usable with <c>foreach</c>.
/// </summary>
public ref struct RecordBatchEnumerator
{
    private readonly ReadOnlySpan<byte> _buffer;
    private int _current;
    private int _next;

    public RecordBatchEnumerator(ReadOnlySpan<byte> buffer)
    {
        _buffer = buffer;
        _current = 0;
        _next = 0;
    }

    /// <summary>The batch that <see cref="MoveNext"/> found.</summary>
    public readonly RecordBatchView Current => new(_buffer[_current.._next]);

    /// <summary>Where in the buffer the current batch begins.</summary>
    public readonly int CurrentPosition => _current;

    /// <summary>Bytes of the buffer that whole batches took so far; the rest is a cut-off batch once the walk has ended.</summary>
    public readonly int Consumed => _next;

    public readonly RecordBatchEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next whole batch; false when there is none.</summary>
    /// <exception cref="MalformedMessageException">A batch states a length that is less than its header.</exception>
    public bool MoveNext()
    {
        ReadOnlySpan<byte> rest = _buffer[_next..];
        if (rest.Length < BatchLayout.Overhead)
        {
            return false;
        }

        long size = (long)BinaryPrimitives.ReadInt32BigEndian(rest[BatchLayout.BatchLength..]) + BatchLayout.Overhead;
        if (size < RecordBatchView.HeaderBytes)
        {
            throw new MalformedMessageException($"the record batch at byte {_next} states {size} bytes, less than its header");
        }

        if (size > rest.Length)
        {
            return false;
        }

        _current = _next;
        _next += (int)size;
        return true;
    }
}
