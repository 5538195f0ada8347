using System.Buffers;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>Strings memory together into one sequence without copying.</summary>
internal sealed class ObjectBody
{
    private Segment? _first;
    private Segment? _last;

    public long Length { get; private set; }

    public void Add(ReadOnlyMemory<byte> memory)
    {
        if (memory.IsEmpty)
        {
            return;
        }

        Segment segment = new(memory, Length);
        _last?.Link(segment);
        _first ??= segment;
        _last = segment;
        Length += memory.Length;
    }

    public ReadOnlySequence<byte> ToSequence() =>
        _first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_first, 0, _last!, _last!.Memory.Length);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public void Link(Segment next) => Next = next;
    }
}
