using System.Runtime.CompilerServices;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.ObjectStore.Compaction;

/// <summary>
/// Makes one object out of ranges of others. Memory: one GET of each source that is in use, one part of the object, and the indexes. Nothing of the sources changes: the object
/// takes their place by a commit of the metadata, or is garbage. Stateless; thread-safe.
/// </summary>
/// <param name="store">Where sources and object are.</param>
/// <param name="layout">How the object is cut into blocks.</param>
/// <param name="options">Sizes of reads and parts.</param>
/// <param name="pace">Called with the bytes that were read or written; waits as long as the bandwidth budget asks.</param>
public sealed class ObjectCompactor(
    IObjectStore store, StreamObjectWriterOptions layout, CompactionOptions options, Func<long, CancellationToken, Task> pace)
{
    /// <summary>Writes the object and says what is in it.</summary>
    /// <param name="output">What to make.</param>
    /// <param name="id">The object's id, never used before.</param>
    /// <param name="key">Its key, never used before.</param>
    /// <param name="createdMs">The time, in milliseconds since 1970.</param>
    /// <param name="rewriter">What stays of the records; null: everything.</param>
    /// <exception cref="StorageException">NotFound when a source is gone, Corrupt when one is damaged, and as the store says: nothing was made, or garbage.</exception>
    public async ValueTask<ObjectCompacted> WriteAsync(
        CompactionOutput output, ObjectId id, ObjectKey key, long createdMs, IBlockRewriter? rewriter, CancellationToken ct)
    {
        SourceReaders sources = new(output, OpenAsync);
        ObjectLayout plan = new(output.Kind, layout);
        await using PartedObject target = new(store, key, ExpectedBytes(output), options.PartBytes, pace);
        await target.WriteAsync(plan.Begin(), ct);
        foreach (StreamRun run in output.Runs)
        {
            await WriteRunAsync(run, sources, plan, target, rewriter, ct);
        }

        (IReadOnlyList<byte[]> tail, IReadOnlyList<StreamRange> sections) = plan.Finish();
        foreach (byte[] piece in tail)
        {
            await target.WriteAsync(piece, ct);
        }

        await target.CompleteAsync(ct);
        ObjectCommitted made = new(id, key, output.Kind, plan.Length, createdMs, sections);
        return new ObjectCompacted(made, [.. output.Sources.Select(source => source.ObjectId)]);
    }

    /// <summary>The blocks of a range from the one with a certain offset on, in large GETs past the caches. Each is valid until the next is asked for.</summary>
    /// <exception cref="StorageException">NotFound when the object is gone, Corrupt when it is damaged, and as the store says.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        ObjectState source, StreamRange range, Offset from, [EnumeratorCancellation] CancellationToken ct)
    {
        SourceReader reader = await OpenAsync(source, [range], ct);
        SectionIndex index = reader.IndexOf(range);
        for (int i = index.FindByOffset(from); i < index.Count; i++)
        {
            yield return await reader.ReadBlockAsync(index[i], ct);
        }
    }

    // The blocks are cut anew.
    private static long ExpectedBytes(CompactionOutput output) => output.SizeBytes + (output.SizeBytes / 8);

    private ValueTask<SourceReader> OpenAsync(ObjectState source, IReadOnlyList<StreamRange> ranges, CancellationToken ct) =>
        SourceReader.OpenAsync(store, source, ranges, options.ReadBytes, pace, ct);

    private static async ValueTask WriteRunAsync(
        StreamRun run, SourceReaders sources, ObjectLayout plan, PartedObject target, IBlockRewriter? rewriter, CancellationToken ct)
    {
        plan.BeginSection(run.Stream, run.BaseOffset);
        ReadOnlyMemory<byte> state = default;
        foreach (ObjectRange range in run.Ranges)
        {
            SourceReader source = await sources.TakeAsync(range.ObjectId, ct);
            bool isLastRange = range == run.Ranges[^1];
            SectionIndex index = source.IndexOf(range.Range);
            for (int i = 0; i < index.Count && run.KeepsRecords; i++)
            {
                ReadOnlyMemory<byte> block = await source.ReadBlockAsync(index[i], ct);
                bool isLast = isLastRange && i == index.Count - 1;
                foreach (RewrittenBatch kept in rewriter?.Rewrite(block, isLast) ?? [AsItIs(index[i], block)])
                {
                    plan.AddBatches(kept.BaseOffset, kept.LastOffset, kept.MaxTimestampMs, kept.Bytes.Span, Crc32C.Compute(kept.Bytes.Span));
                    await target.WriteAsync(kept.Bytes, ct);
                }
            }

            state = isLastRange ? await source.ReadStateAsync(range.Range, ct) : default;
        }

        await target.WriteAsync(plan.EndSection(run.Ranges[^1].Range.Epoch, run.EndOffset, state.Span), ct);
    }

    private static RewrittenBatch AsItIs(IndexEntry block, ReadOnlyMemory<byte> bytes) => new(block.BaseOffset, block.LastOffset, block.MaxTimestampMs, bytes);
}
