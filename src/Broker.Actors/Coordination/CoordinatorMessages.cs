using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;

namespace Broker.Actors.Coordination;

/// <summary>A topic to be made. Its settings are valid.</summary>
public sealed record NewTopic(string Name, int Partitions, IReadOnlyDictionary<string, string> Configs)
{
    /// <summary>Which node is to lead each partition first; empty: it is all the same.</summary>
    public IReadOnlyList<NodeId> Leaders { get; init; } = [];
}

/// <summary>Makes topics. Answered with <see cref="TopicsChanged"/>, one result a topic, once they are durable and open.</summary>
public sealed record MakeTopics(IReadOnlyList<NewTopic> Topics);

/// <summary>Deletes topics. Answered with <see cref="TopicsChanged"/>, one result a topic, once that is durable.</summary>
public sealed record RemoveTopics(IReadOnlyList<Guid> Topics);

/// <param name="TopicId">Empty on error.</param>
public sealed record TopicResult(ErrorCode Error, string? Message, Guid TopicId);

/// <summary>What became of each topic of the command, in its order.</summary>
public sealed record TopicsChanged(IReadOnlyList<TopicResult> Results);

/// <summary>Asks for a producer id that was never given out. Answered with <see cref="ProducerIdGiven"/>.</summary>
public sealed record GiveProducerId
{
    public static readonly GiveProducerId Instance = new();
}

/// <summary>A producer id that is the asker's alone.</summary>
public sealed record ProducerIdGiven(ErrorCode Error, long ProducerId);

/// <summary>Asks for the ids of objects to be written. Answered with <see cref="ObjectIdGiven"/>.</summary>
public sealed record GiveObjectId
{
    public static readonly GiveObjectId Instance = new();
}

/// <summary>An object id that is the asker's alone.</summary>
public sealed record ObjectIdGiven(ObjectId ObjectId);

/// <summary>
/// Makes an uploaded object part of the log. Answered with <see cref="UploadCommitted"/>: ranges of streams that are gone
/// are left out; when any other is refused, nothing is committed. Asking again for a committed object changes nothing.
/// </summary>
public sealed record CommitUpload(ObjectCommitted Upload);

/// <summary>The object is part of the log.</summary>
/// <param name="Refused">The streams that were left out of it.</param>
public sealed record UploadCommitted(IReadOnlyList<UploadRefusal> Refused);

/// <summary>The object's id is closed: it may have been deleted as nobody's. Nothing was committed; the records must be put anew, under another id.</summary>
public sealed record UploadTooLate
{
    public static readonly UploadTooLate Instance = new();
}

/// <summary>
/// Puts a compacted object in the place of its sources, as far as these are still what it was made of. Answered with <see cref="CompactionCommitted"/>.
/// Asking again for a committed object changes nothing.
/// </summary>
/// <param name="Compaction">The object.</param>
/// <param name="Cleaned">How far the stream is clean with it, when it is the last of a cleaning.</param>
public sealed record CommitCompaction(ObjectCompacted Compaction, StreamCleaned? Cleaned = null);

/// <summary>The object is in the metadata: in use or, when it replaces nothing any more, to be deleted.</summary>
/// <param name="Image">As the commit left it.</param>
public sealed record CompactionCommitted(MetadataImage Image);

/// <summary>
/// Closes object ids (<see cref="ObjectIdsClosed"/>). Answered with <see cref="ObjectIdsAreClosed"/>: metadata in which exactly these are closed were committed after the command came.
/// </summary>
public sealed record CloseObjectIds(ObjectId Next);

/// <summary>No unknown object below the id is committed any more.</summary>
/// <param name="Image">As the commit left it.</param>
public sealed record ObjectIdsAreClosed(MetadataImage Image);

/// <summary>Moves the starts of streams: what lies below may go. Answered with <see cref="StreamsTrimmed"/>.</summary>
public sealed record TrimStreams(IReadOnlyList<StreamTrimmed> Trims);

/// <summary>The streams begin where the command said.</summary>
/// <param name="Image">As the trim left it.</param>
public sealed record StreamsTrimmed(MetadataImage Image);

/// <summary>What the command says is in the metadata.</summary>
public sealed record CommandDone
{
    public static readonly CommandDone Instance = new();
}

/// <summary>Says that objects are no longer in the store. Answered with <see cref="CommandDone"/>.</summary>
public sealed record ForgetObjects(IReadOnlyList<ObjectId> Objects);

/// <summary>A command's change could not be made durable. It may be tried again.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Reason">In words.</param>
/// <param name="IsInDoubt">It was lost, or the asker waited no longer: the change may hold, or hold yet. Otherwise nothing of it holds.</param>
public sealed record CommandFailed(StorageErrorKind Kind, string Reason, bool IsInDoubt = false)
{
    /// <summary>What it is to a node among others: a coordinator that another one has replaced ends itself, and nobody else.</summary>
    public StorageErrorKind KindAmongOthers => Kind == StorageErrorKind.Fenced ? StorageErrorKind.Unavailable : Kind;

    /// <summary>What clients are told, who try again on either.</summary>
    public ErrorCode Error => IsInDoubt ? ErrorCode.RequestTimedOut : ErrorCode.KafkaStorageError;
}

/// <summary>The coordinator committed; sent to the node's partition manager, which then lets the replies go.</summary>
internal sealed record ImageCommitted(MetadataImage Image, IReadOnlyList<(Akka.Actor.IActorRef To, object Message)> Replies);
