namespace Broker.ObjectStore.Metadata;

/// <summary>The rules by which an object takes the place of others, as pure functions of an image.</summary>
public static class CompactionRules
{
    /// <summary>
    /// What of a compacted object still fits: without the ranges whose stream is gone, or changed since its sources were read (trimmed, or compacted by
    /// someone else). These keep what they have. Ranges do not depend on each other.
    /// </summary>
    public static ObjectCompacted WithoutRefused(MetadataImage image, ObjectCompacted compacted)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(compacted);
        HashSet<ObjectId> sources = [.. compacted.Sources];
        StreamRange[] fitting = [.. compacted.Object.Ranges.Where(range => image.FindStream(range.Stream) is { } stream && Replaced(stream, range, sources).Count > 0)];
        return compacted with { Object = compacted.Object with { Ranges = fitting } };
    }

    /// <summary>Which neighbouring ranges of a stream make up exactly this one, all of them in the sources; a count of 0 when none do.</summary>
    internal static (int First, int Count) Replaced(StreamState stream, StreamRange range, IReadOnlySet<ObjectId> sources)
    {
        int first = stream.IndexOfFirst(existing => existing.BaseOffset >= range.BaseOffset);
        int end = stream.IndexOfFirst(existing => existing.EndOffset > range.EndOffset);
        if (first >= end || stream.Ranges[first].BaseOffset != range.BaseOffset || stream.Ranges[end - 1].EndOffset != range.EndOffset)
        {
            return (first, 0);
        }

        for (int i = first; i < end; i++)
        {
            if (!sources.Contains(stream.Ranges[i].ObjectId))
            {
                return (first, 0);
            }
        }

        return (first, end - first);
    }
}
