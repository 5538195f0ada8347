using Broker.ObjectStore;

namespace Broker.Actors.Cleaning;

/// <summary>
/// When a compacted log is cleaned, and up to where. As in Kafka, with ranges of objects in the place of closed segments;
/// what is not uploaded is not cleaned.
/// </summary>
internal static class CleaningRules
{
    /// <summary>The cleaning that is due for a log now; null when none is.</summary>
    /// <param name="nowMs">Milliseconds since 1970.</param>
    public static DueCleaning? Due(CleanableStream stream, long nowMs)
    {
        if (!stream.Config.IsCompacted)
        {
            return null;
        }

        Offset dirtyStart = Offset.Max(stream.Start, stream.CleanedEnd);
        long cleanBytes = 0;
        long dirtyBytes = 0;
        long firstDirtyMs = long.MaxValue;
        Offset end = dirtyStart;
        foreach (CleanableRange range in stream.Ranges)
        {
            cleanBytes += BytesBetween(range, stream.Start, dirtyStart);
            if (range.EndOffset <= dirtyStart)
            {
                continue;
            }

            if (IsTooYoung(range, stream.Config.MinCompactionLagMs, nowMs))
            {
                break;
            }

            dirtyBytes += BytesBetween(range, dirtyStart, range.EndOffset);
            firstDirtyMs = Math.Min(firstDirtyMs, range.NewestMs);
            end = range.EndOffset;
        }

        if (dirtyBytes == 0)
        {
            return null;
        }

        double ratio = (double)dirtyBytes / (cleanBytes + dirtyBytes);
        bool isOverdue = firstDirtyMs < nowMs - stream.Config.MaxCompactionLagMs;
        return isOverdue || ratio > stream.Config.MinCleanableDirtyRatio
            ? new DueCleaning(stream.Stream, stream.Start, dirtyStart, end, ratio, isOverdue)
            : null;
    }

    /// <summary>
    /// All that is due, in the order in which it is to be done: first what is overdue, since the topic's owner was promised a
    /// time; then by dirty ratio, the highest first, where a cleaning frees most for what it reads.
    /// </summary>
    public static IReadOnlyList<DueCleaning> InOrder(IEnumerable<CleanableStream> streams, long nowMs) =>
        [.. streams.Select(stream => Due(stream, nowMs)).OfType<DueCleaning>().OrderByDescending(due => due.IsOverdue).ThenByDescending(due => due.DirtyRatio)];

    private static bool IsTooYoung(in CleanableRange range, long minLagMs, long nowMs) => minLagMs > 0 && range.NewestMs > nowMs - minLagMs;

    // Of a range that is cut the share by offsets: nobody knows it better without reading it.
    private static long BytesBetween(in CleanableRange range, Offset from, Offset to)
    {
        long first = Math.Max(range.BaseOffset.Value, from.Value);
        long end = Math.Min(range.EndOffset.Value, to.Value);
        return first >= end ? 0 : Math.Max(1, (long)(range.SizeBytes * ((double)(end - first) / (range.EndOffset - range.BaseOffset))));
    }
}
