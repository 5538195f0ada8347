using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Cleaning;

/// <summary>
/// Cleans one partition's log: reads what was not cleaned before for its keys, then makes the log anew from its start to the map's end, some ranges at a time.
/// Memory: the map, and what the making of one object takes.
///
/// D5. The pieces of a cleaning are committed in the order of offsets, and one that no longer fits ends it: a tombstone never goes before what it deletes.
/// D6. The log counts as cleaned only with the last piece; a cleaning that is broken off has harmed nothing and is done again.
/// D7. What is uploaded of a compacted topic is read from the store alone, where cleanings happen, and not from the log cache: who sees a value there that is deleted since sees its tombstone, unless it is
/// further behind than these are kept.
/// </summary>
internal sealed class LogCleaner(ObjectCompactor compactor, ObjectReplacement replacement, CleanerOptions options, TimeProvider clock)
{
    /// <summary>Does a cleaning.</summary>
    /// <param name="due">Which.</param>
    /// <param name="image">The metadata by which it is due.</param>
    /// <param name="config">The topic's.</param>
    /// <param name="maxPieceBytes">Of how many bytes one piece is made at most.</param>
    /// <returns>What it came to; null when the log changed meanwhile.</returns>
    /// <exception cref="StorageException">Corrupt: a batch or block cannot be read; and as the store says.</exception>
    public async Task<CleaningResult?> CleanAsync(DueCleaning due, MetadataImage image, TopicConfig config, long maxPieceBytes, CancellationToken ct)
    {
        StreamState stream = image.FindStream(due.Stream)!;
        using OffsetMap map = new(options.DedupeBufferBytes, options.DedupeLoadFactor);
        Offset mapEnd = await ScanAsync(map, stream, due, image, ct);
        long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        using BatchCleaner cleaner = new(map, mapEnd, nowMs, config.DeleteRetentionMs);
        ObjectRange[] ranges = [.. stream.Ranges.Where(range => range.BaseOffset < mapEnd)];
        long writtenBytes = 0;
        for (int from = 0; from < ranges.Length;)
        {
            int to = EndOfPiece(ranges, from, maxPieceBytes);
            StreamRun run = new(stream.StreamId, ranges[from..to]);
            CompactionOutput output = new(ObjectKind.Stream, [run], [.. run.Ranges.Select(range => range.ObjectId).Distinct().Select(id => image.Objects[id])]);
            StreamCleaned? cleaned = to == ranges.Length ? new StreamCleaned(stream.StreamId, mapEnd) : null;
            if (await replacement.MakeAsync(output, new CleaningRewriter(cleaner), cleaned, ct) is not { } made)
            {
                return null;
            }

            writtenBytes += made.SizeBytes;
            from = to;
        }

        return new CleaningResult(mapEnd, map.Count, ranges.Sum(range => range.Range.SizeBytes), writtenBytes, cleaner.RecordsRead, cleaner.RecordsKept);
    }

    private static int EndOfPiece(ObjectRange[] ranges, int from, long maxBytes)
    {
        int to = from;
        long bytes = 0;
        while (to < ranges.Length && (to == from || bytes + ranges[to].Range.SizeBytes <= maxBytes))
        {
            bytes += ranges[to++].Range.SizeBytes;
        }

        return to;
    }

    private async Task<Offset> ScanAsync(OffsetMap map, StreamState stream, DueCleaning due, MetadataImage image, CancellationToken ct)
    {
        using KeyScan scan = new(map, due.DirtyStart);
        foreach (ObjectRange range in stream.Ranges.Where(range => range.EndOffset > due.DirtyStart && range.EndOffset <= due.End))
        {
            await foreach (ReadOnlyMemory<byte> block in compactor.ReadAsync(image.Objects[range.ObjectId], range.Range, due.DirtyStart, ct))
            {
                if (!scan.TryAddAll(block.Span))
                {
                    return scan.End;
                }
            }
        }

        return scan.End;
    }
}

/// <summary>What a cleaning came to.</summary>
/// <param name="CleanedEnd">Before it no key has more than one record.</param>
/// <param name="Keys">Keys among what was not cleaned before.</param>
/// <param name="ReadBytes">Bytes of the log up to there, before.</param>
/// <param name="WrittenBytes">Bytes of the objects that took their place.</param>
/// <param name="RecordsRead">Records before.</param>
/// <param name="RecordsKept">Records after.</param>
internal sealed record CleaningResult(Offset CleanedEnd, int Keys, long ReadBytes, long WrittenBytes, long RecordsRead, long RecordsKept);
