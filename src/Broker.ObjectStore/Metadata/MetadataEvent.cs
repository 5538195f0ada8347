namespace Broker.ObjectStore.Metadata;

/// <summary>
/// One change of the cluster's metadata. Encoded by <see cref="MetadataCodec"/>; a new event or field gets a new type or version there,
/// so that an older build refuses it instead of misreading it.
/// </summary>
public abstract record MetadataEvent;

/// <summary>The first event of all: names the cluster.</summary>
public sealed record ClusterCreated(string ClusterId) : MetadataEvent;

/// <summary>A topic and its partitions 0.. with their new streams.</summary>
public sealed record TopicCreated(
    Guid TopicId,
    string Name,
    IReadOnlyList<StreamId> Partitions,
    IReadOnlyDictionary<string, string> Configs,
    bool IsInternal) : MetadataEvent;

/// <summary>A topic is gone, and its streams with it. Their objects become deletable as far as no other stream refers to them.</summary>
public sealed record TopicDeleted(Guid TopicId) : MetadataEvent;

/// <summary>More partitions, after the existing ones.</summary>
public sealed record PartitionsAdded(Guid TopicId, IReadOnlyList<StreamId> Partitions) : MetadataEvent;

/// <summary>Settings of a topic set and removed.</summary>
public sealed record TopicConfigsChanged(
    Guid TopicId, IReadOnlyDictionary<string, string> Set, IReadOnlyList<string> Removed) : MetadataEvent;

/// <summary>A node leads a stream from now on, under a higher epoch; records from <paramref name="StartOffset"/> on are of that epoch.</summary>
/// <param name="Stream">Which.</param>
/// <param name="Leader">Who.</param>
/// <param name="Epoch">Higher than the one before.</param>
/// <param name="StartOffset">Behind everything that was acknowledged under earlier epochs.</param>
/// <param name="Wal">The write-ahead log that holds the epoch's records until they are uploaded. <see cref="WalId.None"/> only in commits of builds that did not say: any that was attached.</param>
public sealed record StreamOpened(StreamId Stream, NodeId Leader, LeaderEpoch Epoch, Offset StartOffset, WalId Wal = default) : MetadataEvent;

/// <summary>The leader of an epoch has let go of its stream: all that it acknowledged is uploaded. Nobody leads until the next opening.</summary>
public sealed record StreamClosed(StreamId Stream, LeaderEpoch Epoch) : MetadataEvent;

/// <summary>An uploaded object and what it holds. An object without ranges is deletable at once.</summary>
/// <param name="ObjectId">Its id, from a reserved block.</param>
/// <param name="Key">Its name in the store.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="CreatedMs">When, in milliseconds since 1970.</param>
/// <param name="Ranges">In any order of streams; of one stream in the order of offsets.</param>
/// <param name="Store">Under whose prefix the object lies; "" = this cluster's own. Others come with forks.</param>
/// <param name="KeepsStates">A range that is trimmed already stays for its state. False only in commits of builds that let go of it, which are replayed as they were meant.</param>
public sealed record ObjectCommitted(
    ObjectId ObjectId,
    ObjectKey Key,
    ObjectKind Kind,
    long SizeBytes,
    long CreatedMs,
    IReadOnlyList<StreamRange> Ranges,
    string Store = "",
    bool KeepsStates = true) : MetadataEvent;

/// <summary>
/// An object that takes the place of what streams had in others, and says the same with fewer objects, or with fewer records of a compacted topic. Each of
/// its ranges covers exactly some neighbouring ranges of its stream, which lie in the sources; what streams keep elsewhere is untouched.
/// </summary>
/// <param name="Object">The new object. One without ranges is deletable at once.</param>
/// <param name="Sources">What it was made of: a range that lies elsewhere by now was changed meanwhile, and is not replaced.</param>
public sealed record ObjectCompacted(ObjectCommitted Object, IReadOnlyList<ObjectId> Sources) : MetadataEvent;

/// <summary>Of a compacted topic: among the records before <paramref name="CleanedEnd"/> no key has more than one.</summary>
public sealed record StreamCleaned(StreamId Stream, Offset CleanedEnd) : MetadataEvent;

/// <summary>
/// No object whose id is below <paramref name="Next"/> is committed any more, and an unknown one among them is nobody's: it may be deleted from the store.
/// </summary>
public sealed record ObjectIdsClosed(ObjectId Next) : MetadataEvent;

/// <summary>Records before <paramref name="NewStart"/> are gone (retention, DeleteRecords).</summary>
/// <param name="Stream">Whose.</param>
/// <param name="NewStart">The first offset that readers may see.</param>
/// <param name="KeepsState">The newest range stays for its state. False only in commits of builds that let go of it, which are replayed as they were meant.</param>
public sealed record StreamTrimmed(StreamId Stream, Offset NewStart, bool KeepsState = true) : MetadataEvent;

/// <summary>Deletable objects were deleted from the store.</summary>
public sealed record ObjectsDeleted(IReadOnlyList<ObjectId> Objects) : MetadataEvent;

/// <summary>A node got producer ids to hand out.</summary>
public sealed record ProducerIdBlockAllocated(NodeId Node, long First, int Count) : MetadataEvent;

/// <summary>A node got object ids to upload under; ids that it does not use are never used.</summary>
public sealed record ObjectIdBlockAllocated(NodeId Node, long First, int Count) : MetadataEvent;

/// <summary>A node joined, under a higher epoch than before.</summary>
/// <param name="Node">Which.</param>
/// <param name="NodeEpoch">Of this start of it.</param>
/// <param name="Place">Where it is met; null only in commits of builds that did not say.</param>
public sealed record NodeRegistered(NodeId Node, long NodeEpoch, NodePlace? Place = null) : MetadataEvent;

/// <summary>A start of a node has ended, or nobody hears of it any more: clients are not sent to it. What it leads, and its write-ahead log, stay its own until they are taken over.</summary>
public sealed record NodeLeft(NodeId Node, long NodeEpoch) : MetadataEvent;

/// <summary>Dynamic broker settings, of one node or (<see cref="NodeId.None"/>) of all.</summary>
public sealed record BrokerConfigChanged(
    NodeId Node, IReadOnlyDictionary<string, string> Set, IReadOnlyList<string> Removed) : MetadataEvent;

/// <summary>A node writes into a write-ahead log from now on: until it is released it may hold what is acknowledged and not uploaded.</summary>
/// <param name="WalId">Which log.</param>
/// <param name="Node">Whose.</param>
/// <param name="Host">On which machine, for the operator.</param>
/// <param name="Path">In which folder, for the operator.</param>
public sealed record WalAttached(WalId WalId, NodeId Node, string Host, string Path) : MetadataEvent;

/// <summary>Why nobody waits for a write-ahead log any more.</summary>
public enum WalReleaseReason : byte
{
    /// <summary>All of it was uploaded when its node stopped.</summary>
    Emptied = 1,

    /// <summary>The operator gave up what it may hold.</summary>
    LossAccepted = 2,

    /// <summary>Its node is gone, and those who took over from it have uploaded all that it held.</summary>
    Recovered = 3,
}

/// <summary>Nobody can append to a write-ahead log any more: what it holds is all that it will ever hold, and others may take over what its node led.</summary>
public sealed record WalFenced(WalId WalId) : MetadataEvent;

/// <summary>A write-ahead log holds nothing that counts.</summary>
public sealed record WalReleased(WalId WalId, WalReleaseReason Reason) : MetadataEvent;

/// <summary>What one commit changes, all or nothing.</summary>
/// <param name="TimestampMs">When it was committed, by the coordinator's clock, in milliseconds since 1970.</param>
/// <param name="Events">Applied in order.</param>
public sealed record MetadataBatch(long TimestampMs, IReadOnlyList<MetadataEvent> Events);
