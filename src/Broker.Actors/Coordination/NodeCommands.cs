using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>Asks for the metadata as they are: answered with <see cref="MetadataIsRead"/> once the node has what was committed when the command came.</summary>
public sealed record ReadMetadata
{
    public static readonly ReadMetadata Instance = new();
}

/// <summary>The node's metadata are as new as was asked for.</summary>
public sealed record MetadataIsRead
{
    public static readonly MetadataIsRead Instance = new();
}

/// <summary>A start of a node wants to serve. Answered with <see cref="NodeIsRegistered"/> or <see cref="CommandFailed"/>.</summary>
/// <param name="Node">Which.</param>
/// <param name="Place">Where it is met.</param>
/// <param name="Wal">The write-ahead log that it brings.</param>
/// <param name="Host">On which machine.</param>
/// <param name="WalPath">Where the log is (<see cref="AttachedWal.Path"/>).</param>
/// <param name="AcceptedLoss">Logs that the operator gives up by this start.</param>
public sealed record RegisterNode(NodeId Node, NodePlace Place, WalId Wal, string Host, string WalPath, IReadOnlyList<WalId> AcceptedLoss);

/// <summary>The node may append to its log, and open streams, under this epoch.</summary>
public sealed record NodeIsRegistered(long NodeEpoch);

/// <summary>A start of a node ends, and leaves its log empty: all of it is uploaded. Answered with <see cref="CommandDone"/>.</summary>
public sealed record ReleaseNode(NodeId Node, long NodeEpoch, WalId Wal);

/// <summary>Says that a start of a node is about to end, and is to be given nothing more to lead. Answered with <see cref="CommandDone"/>. A coordinator that comes after has not heard of it.</summary>
public sealed record NodeDrains(NodeId Node, long NodeEpoch);

/// <summary>Says that a start of a node has ended, or that nobody hears of it. Answered with <see cref="CommandDone"/>.</summary>
public sealed record MarkNodeGone(NodeId Node, long NodeEpoch);

/// <summary>Says that the starts of a node up to an epoch can append to its log no more, by a fence or a lock that is in place. Answered with <see cref="CommandDone"/>.</summary>
/// <param name="Wal">The log.</param>
/// <param name="NodeEpoch">The newest start of its node when that was decided: one that came meanwhile may have opened the log behind the fence.</param>
public sealed record MarkWalFenced(WalId Wal, long NodeEpoch);

/// <summary>Opens streams under the next leader epoch on a node. Answered with <see cref="StreamsOpened"/>.</summary>
/// <param name="Node">Who is to lead.</param>
/// <param name="NodeEpoch">As it was registered.</param>
/// <param name="Wal">Its log.</param>
/// <param name="WalsRead">The other logs that it has read for these streams.</param>
/// <param name="Streams">What is to be opened.</param>
public sealed record OpenStreams(NodeId Node, long NodeEpoch, WalId Wal, IReadOnlyList<WalId> WalsRead, IReadOnlyList<StreamOpening> Streams);

/// <summary>A stream as its next leader is to lead it.</summary>
/// <param name="Stream">Which.</param>
/// <param name="UploadedEnd">How far it was uploaded when the opener looked what logs hold of it beyond that.</param>
/// <param name="Next">The offset of the next record that it will take.</param>
public sealed record StreamOpening(StreamId Stream, Offset UploadedEnd, Offset Next);

/// <summary>All streams of the command are the node's, but the refused ones and those that do not exist any more.</summary>
/// <param name="Image">As the opening left it.</param>
/// <param name="Refused">What stays as it was.</param>
public sealed record StreamsOpened(MetadataImage Image, IReadOnlyList<OpeningRefusal> Refused);

/// <summary>Why a stream was not opened.</summary>
/// <param name="Stream">Which.</param>
/// <param name="Reason">What to do about it.</param>
/// <param name="Wals">Of <see cref="OpeningRefusalReason.MustRead"/> and <see cref="OpeningRefusalReason.MustFence"/>: these logs.</param>
public sealed record OpeningRefusal(StreamId Stream, OpeningRefusalReason Reason, IReadOnlyList<WalId> Wals);

/// <summary>Why a stream was not opened.</summary>
public enum OpeningRefusalReason
{
    /// <summary>The node's registration or its log does not count any more: it has to start anew.</summary>
    NodeIsStale,

    /// <summary>Logs that may hold records of the stream can still be appended to.</summary>
    MustFence,

    /// <summary>Logs that may hold records of the stream were not read.</summary>
    MustRead,

    /// <summary>More of it was uploaded since the opener looked: look again, and ask again.</summary>
    MovedOn,
}

/// <summary>
/// A leader lets go of streams that take no more appends; another one leads them at once, where it is known who may (<see cref="Succession"/>). What is not uploaded of them, which is on its way,
/// is waited for a while, and committed with it. Answered with <see cref="StreamsAreClosed"/>; streams that it leads no more are passed over, and those of which less is uploaded then.
/// </summary>
/// <param name="Streams">Where each ends.</param>
public sealed record CloseStreams(IReadOnlyList<StreamEnd> Streams);

/// <summary>Where a leader ends.</summary>
/// <param name="Stream">Of which stream.</param>
/// <param name="Epoch">The epoch that it leads under.</param>
/// <param name="End">The offset behind its last record.</param>
public sealed record StreamEnd(StreamId Stream, LeaderEpoch Epoch, Offset End);

/// <summary>Nobody leads the streams of the command, or somebody else does, but those that were passed over.</summary>
public sealed record StreamsAreClosed(MetadataImage Image);

/// <summary>Releases the logs that are fenced and that no stream needs (<see cref="WalDebts.Paid"/>). Answered with <see cref="WalsReleased"/>.</summary>
public sealed record ReleasePaidWals
{
    public static readonly ReleasePaidWals Instance = new();
}

/// <summary>The logs that were released now: what is left of them in the store may go.</summary>
public sealed record WalsReleased(IReadOnlyList<AttachedWal> Wals);
