using System.Buffers;
using Broker.Wire.Primitives;

namespace Broker.Actors.Connections;

/// <summary>
/// An encoded response as pieces of memory: what the encoder wrote, and references to the records. Kept for a
/// connection's life and cleared between responses; used by one writer.
/// </summary>
internal sealed class ResponseSegments : IBufferWriter<byte>, IReferenceWriter
{
    // Most answers without records fit; what a larger one needs is kept for the next.
    private const int InitialBytes = 4096;

    private readonly List<(int Start, int Length, ReadOnlyMemory<byte> Reference)> _segments = [];
    private byte[] _own = new byte[InitialBytes];
    private int _used;
    private int _segmentStart;

    /// <summary>Forgets everything; memory handed out before may be overwritten.</summary>
    public void Clear()
    {
        _segments.Clear();
        (_used, _segmentStart) = (0, 0);
    }

    /// <summary>The pieces in order. Call it when the encoder is done.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> All()
    {
        EndOwn();
        foreach ((int start, int length, ReadOnlyMemory<byte> reference) in _segments)
        {
            yield return reference.IsEmpty ? _own.AsMemory(start, length) : reference;
        }
    }

    public void WriteReference(ReadOnlyMemory<byte> bytes)
    {
        EndOwn();
        _segments.Add((0, 0, bytes));
    }

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _own.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _own.AsSpan(_used);
    }

    private void EnsureFree(int sizeHint)
    {
        int needed = _used + Math.Max(sizeHint, 1);
        if (needed > _own.Length)
        {
            Array.Resize(ref _own, Math.Max(needed, _own.Length * 2));
        }
    }

    private void EndOwn()
    {
        if (_used > _segmentStart)
        {
            _segments.Add((_segmentStart, _used - _segmentStart, default));
            _segmentStart = _used;
        }
    }
}
