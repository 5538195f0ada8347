namespace Broker.ObjectStore.Metadata;

/// <summary>A contiguous part of one stream inside one object: what a commit adds, and what a reader needs to find it.</summary>
/// <param name="Stream">Whose records.</param>
/// <param name="Epoch">The epoch under which the committing leader opened the stream; a stale one is refused.</param>
/// <param name="BaseOffset">The first offset.</param>
/// <param name="EndOffset">The offset after the last; always greater than <paramref name="BaseOffset"/>.</param>
/// <param name="MaxTimestampMs">The greatest record timestamp in it, in milliseconds since 1970; -1 = none.</param>
/// <param name="SizeBytes">Bytes of records.</param>
/// <param name="IndexPosition">Where the stream's index section begins in the object.</param>
/// <param name="IndexBytes">Its length.</param>
/// <param name="StatePosition">Where the stream's state (producers' sequences) begins; meaningless without one.</param>
/// <param name="StateBytes">Its length; 0 = there is none.</param>
public sealed record StreamRange(
    StreamId Stream,
    LeaderEpoch Epoch,
    Offset BaseOffset,
    Offset EndOffset,
    long MaxTimestampMs,
    long SizeBytes,
    long IndexPosition,
    int IndexBytes,
    long StatePosition,
    int StateBytes)
{
    /// <summary>Whether the object holds a state of the stream as of <see cref="EndOffset"/>.</summary>
    public bool HasState => StateBytes > 0;
}

/// <summary>A range and the object that holds it.</summary>
public sealed record ObjectRange(ObjectId ObjectId, StreamRange Range)
{
    public Offset BaseOffset => Range.BaseOffset;

    public Offset EndOffset => Range.EndOffset;
}

/// <summary>What an object holds.</summary>
public enum ObjectKind : byte
{
    /// <summary>Ranges of many streams: one upload of a node.</summary>
    StreamSet = 1,

    /// <summary>One range of one stream.</summary>
    Stream = 2,
}
