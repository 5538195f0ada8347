using Broker.ObjectStore;
using Broker.ObjectStore.StreamObjects;
using Broker.Wire.Records;

namespace Broker.Actors.Storage;

/// <summary>Whole record batches that lie one behind the other, as blocks hold them. Nothing is copied.</summary>
internal static class BatchRuns
{
    /// <summary>
    /// The blocks' batches from the one that holds <paramref name="from"/> on, one run for each block: what lies before the offset, or beyond the size, is
    /// left out, but never the first batch (KIP-74).
    /// </summary>
    /// <param name="next">The offset after the last batch.</param>
    public static List<ReadOnlyMemory<byte>> Slice(IReadOnlyList<ObjectBlock> blocks, Offset from, int maxBytes, out Offset next)
    {
        List<ReadOnlyMemory<byte>> runs = Slice(blocks, from, maxBytes);
        ReadOnlySpan<byte> rest = runs.Count == 0 ? default : runs[^1].Span;
        next = from;
        while (!rest.IsEmpty)
        {
            next = new Offset(new RecordBatchView(rest).LastOffset + 1);
            rest = rest[SizeOfFirst(rest)..];
        }

        return runs;
    }

    /// <inheritdoc cref="Slice(IReadOnlyList{ObjectBlock}, Offset, int, out Offset)"/>
    public static List<ReadOnlyMemory<byte>> Slice(IReadOnlyList<ObjectBlock> blocks, Offset from, int maxBytes)
    {
        List<ReadOnlyMemory<byte>> runs = [];
        long room = maxBytes;
        foreach (ObjectBlock block in blocks)
        {
            (int begin, int end) = Find(block.Data.Span, from, room, isFirst: runs.Count == 0);
            if (end > begin)
            {
                runs.Add(block.Data[begin..end]);
                room -= end - begin;
            }

            if (end < block.Data.Length)
            {
                break;
            }
        }

        return runs;
    }

    /// <summary>Each batch of a run.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> run)
    {
        while (!run.IsEmpty)
        {
            int size = SizeOfFirst(run.Span);
            yield return run[..size];
            run = run[size..];
        }
    }

    private static (int Begin, int End) Find(ReadOnlySpan<byte> block, Offset from, long room, bool isFirst)
    {
        int begin = 0;
        while (begin < block.Length && new RecordBatchView(block[begin..]).LastOffset < from.Value)
        {
            begin += SizeOfFirst(block[begin..]);
        }

        int end = begin;
        while (end < block.Length)
        {
            int size = SizeOfFirst(block[end..]);
            bool isVeryFirst = isFirst && end == begin;
            if (!isVeryFirst && end + size - begin > room)
            {
                break;
            }

            end += size;
        }

        return (begin, end);
    }

    private static int SizeOfFirst(ReadOnlySpan<byte> batches) => new RecordBatchView(batches).WholeBatch.Length;
}
