using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>
/// Who may lead a stream next, as pure functions of the metadata. Nothing that was acknowledged is passed over:
/// <list type="number">
/// <item>L3. A stream is opened only when no log that may hold records of it can be appended to, but the opener's own, and the opener has read them all.</item>
/// <item>L4. Only the newest start of a node opens streams, and only with a log that is attached as its own and not fenced.</item>
/// <item>L5. A stream is opened only by who looked what logs hold of it when as much was uploaded as is now: what its last leader, taken for dead, uploaded after that, the next one would hold once more,
/// and could upload nothing behind it.</item>
/// </list>
/// </summary>
internal static class LeadershipRules
{
    /// <summary>Why the stream cannot be opened so; null: it can.</summary>
    public static OpeningRefusal? Check(MetadataImage image, OpenStreams opening, StreamState stream, StreamOpening one)
    {
        if (image.NodeEpochs.GetValueOrDefault(opening.Node, -1) != opening.NodeEpoch
            || image.Wals.GetValueOrDefault(opening.Wal) is not { IsFenced: false } own || own.Node != opening.Node)
        {
            return new OpeningRefusal(stream.StreamId, OpeningRefusalReason.NodeIsStale, []);
        }

        IReadOnlyList<WalId> before = WalDebts.Before(image, stream, opening.Wal);
        return before.Count > 0 && CheckLogs(image, opening, stream, before) is { } refusal ? refusal
            : one.UploadedEnd != stream.EndOffset || one.Next < stream.EndOffset ? new OpeningRefusal(stream.StreamId, OpeningRefusalReason.MovedOn, [])
            : null;
    }

    private static OpeningRefusal? CheckLogs(MetadataImage image, OpenStreams opening, StreamState stream, IReadOnlyList<WalId> before) =>
        before.Where(wal => !image.Wals[wal].IsFenced).ToArray() is { Length: > 0 } open ? new OpeningRefusal(stream.StreamId, OpeningRefusalReason.MustFence, open)
        : before.Except(opening.WalsRead).ToArray() is { Length: > 0 } unread ? new OpeningRefusal(stream.StreamId, OpeningRefusalReason.MustRead, unread)
        : null;

    /// <summary>The log that a node appends to; null: it has none, and can lead nothing.</summary>
    public static AttachedWal? LogOf(MetadataImage image, NodeId node) =>
        image.Wals.Values.Where(wal => wal.Node == node && !wal.IsFenced).MaxBy(wal => wal.SinceMs);

    /// <summary>The nodes that may be given streams, with their logs.</summary>
    public static IReadOnlyList<(NodeId Node, WalId Wal)> Candidates(MetadataImage image) =>
        [.. image.LiveNodes.Keys.Select(node => (Node: node, Log: LogOf(image, node))).Where(one => one.Log is not null).Select(one => (one.Node, one.Log!.WalId))];
}
