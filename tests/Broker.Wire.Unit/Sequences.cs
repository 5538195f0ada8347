using System.Buffers;

namespace Broker.Wire.Unit;

/// <summary>Cuts bytes into sequences of many segments.</summary>
internal static class Sequences
{
    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, int segmentBytes)
    {
        Segment first = new(bytes[..Math.Min(segmentBytes, bytes.Length)], 0);
        Segment last = first;
        for (int at = segmentBytes; at < bytes.Length; at += segmentBytes)
        {
            last = last.Append(bytes.Slice(at, Math.Min(segmentBytes, bytes.Length - at)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            Segment next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
