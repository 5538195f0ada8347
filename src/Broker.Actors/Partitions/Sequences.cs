using System.Buffers;
using Broker.ObjectStore.Cache;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>Record batches that lie in several pieces of memory, as one sequence, and back.</summary>
internal static class Sequences
{
    /// <summary>The batches' bytes one after the other; nothing is copied.</summary>
    public static ReadOnlySequence<byte> Of(IReadOnlyList<CachedBatch> batches) => Of(batches.Count, i => batches[i].Payload);

    /// <summary>The pieces one after the other; nothing is copied.</summary>
    public static ReadOnlySequence<byte> Of(IReadOnlyList<ReadOnlyMemory<byte>> pieces) => Of(pieces.Count, i => pieces[i]);

    /// <summary>Each batch of a sequence of whole ones. Copies only a batch that lies across two pieces.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Batches(ReadOnlySequence<byte> records)
    {
        while (records.Length >= RecordBatchView.HeaderBytes)
        {
            int size = SizeOfFirst(records);
            if (size > records.Length)
            {
                yield break;
            }

            ReadOnlySequence<byte> batch = records.Slice(0, size);
            yield return batch.IsSingleSegment ? batch.First : batch.ToArray();
            records = records.Slice(size);
        }
    }

    private static int SizeOfFirst(in ReadOnlySequence<byte> records)
    {
        Span<byte> header = stackalloc byte[RecordBatchView.HeaderBytes];
        records.Slice(0, header.Length).CopyTo(header);
        return checked((int)new RecordBatchView(header).SizeInBytes);
    }

    private static ReadOnlySequence<byte> Of(int count, Func<int, ReadOnlyMemory<byte>> piece)
    {
        if (count <= 1)
        {
            return count == 0 ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(piece(0));
        }

        Segment first = new(piece(0), 0);
        Segment last = first;
        for (int i = 1; i < count; i++)
        {
            last = last.Append(piece(i));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            Segment next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
