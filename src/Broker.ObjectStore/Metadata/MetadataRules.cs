namespace Broker.ObjectStore.Metadata;

/// <summary>Why a stream's part of an upload is refused.</summary>
public enum UploadRefusalReason
{
    /// <summary>The stream does not exist (any more): its topic was deleted.</summary>
    UnknownStream,

    /// <summary>Someone else opened the stream since: the uploader is not its leader.</summary>
    StaleEpoch,

    /// <summary>The range does not begin where the uploaded records end.</summary>
    NotContiguous,

    /// <summary>The range is empty or reversed.</summary>
    EmptyRange,
}

/// <summary>A refused range.</summary>
public sealed record UploadRefusal(StreamId Stream, UploadRefusalReason Reason, string Detail);

/// <summary>The rules of commits, as pure functions of an image.</summary>
public static class MetadataRules
{
    /// <summary>
    /// What of an upload a commit would refuse. The rest may be committed (<see cref="WithoutRefused"/>): streams do not depend on
    /// each other, while ranges of one stream build on each other.
    /// </summary>
    public static IReadOnlyList<UploadRefusal> CheckUpload(MetadataImage image, ObjectCommitted upload)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(upload);
        List<UploadRefusal> refusals = [];
        Dictionary<StreamId, StreamState> seen = [];
        foreach (StreamRange range in upload.Ranges)
        {
            StreamState? stream = seen.GetValueOrDefault(range.Stream) ?? image.FindStream(range.Stream);
            UploadRefusal? refusal = stream is null
                ? new UploadRefusal(range.Stream, UploadRefusalReason.UnknownStream, "the stream does not exist")
                : Check(stream, range);
            if (refusal is not null)
            {
                refusals.Add(refusal);
                continue;
            }

            seen[range.Stream] = stream! with { EndOffset = range.EndOffset };
        }

        return refusals;
    }

    /// <summary>The upload without all ranges of the refused streams.</summary>
    public static ObjectCommitted WithoutRefused(ObjectCommitted upload, IReadOnlyList<UploadRefusal> refusals)
    {
        ArgumentNullException.ThrowIfNull(upload);
        HashSet<StreamId> refused = [.. refusals.Select(refusal => refusal.Stream)];
        return upload with { Ranges = [.. upload.Ranges.Where(range => !refused.Contains(range.Stream))] };
    }

    internal static UploadRefusal? Check(StreamState stream, StreamRange range)
    {
        if (range.Epoch != stream.Epoch)
        {
            return new UploadRefusal(
                range.Stream, UploadRefusalReason.StaleEpoch, $"the range is of epoch {range.Epoch}, the stream of {stream.Epoch}");
        }

        if (stream.Leader == NodeId.None && stream.Epoch != LeaderEpoch.None)
        {
            return new UploadRefusal(range.Stream, UploadRefusalReason.StaleEpoch, $"the leader of epoch {range.Epoch} has closed the stream");
        }

        if (range.EndOffset <= range.BaseOffset)
        {
            return new UploadRefusal(
                range.Stream, UploadRefusalReason.EmptyRange, $"the range goes from {range.BaseOffset} to {range.EndOffset}");
        }

        return range.BaseOffset == stream.EndOffset
            ? null
            : new UploadRefusal(
                range.Stream,
                UploadRefusalReason.NotContiguous,
                $"the range begins at {range.BaseOffset}, the uploaded records end at {stream.EndOffset}");
    }
}
