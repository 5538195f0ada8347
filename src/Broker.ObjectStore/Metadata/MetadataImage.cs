using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <summary>
/// The cluster's metadata after a commit. Immutable: a commit makes a new image that shares all it did not touch, at O(log n) per
/// touched key. Safe to read from any thread, for as long as one likes.
/// </summary>
public sealed record MetadataImage
{
    private MetadataImage()
    {
    }

    /// <summary>Before the first event.</summary>
    public static MetadataImage Empty { get; } = new();

    /// <summary>The log slot of the last commit in it; -1 = none. Of two images of one cluster the greater is the newer.</summary>
    public long Version { get; internal init; } = -1;

    /// <summary>The cluster's id, 22 characters as in Kafka; "" before the first event.</summary>
    public string ClusterId { get; internal init; } = "";

    public ImmutableDictionary<Guid, TopicState> Topics { get; internal init; } = ImmutableDictionary<Guid, TopicState>.Empty;

    public ImmutableSortedDictionary<string, Guid> TopicIds { get; internal init; } =
        ImmutableSortedDictionary.Create<string, Guid>(StringComparer.Ordinal);

    public ImmutableDictionary<StreamId, StreamState> Streams { get; internal init; } = ImmutableDictionary<StreamId, StreamState>.Empty;

    public ImmutableDictionary<ObjectId, ObjectState> Objects { get; internal init; } = ImmutableDictionary<ObjectId, ObjectState>.Empty;

    /// <summary>What may be deleted from the store, by id.</summary>
    public ImmutableSortedDictionary<ObjectId, DeletableObject> DeletableObjects { get; internal init; } =
        ImmutableSortedDictionary<ObjectId, DeletableObject>.Empty;

    /// <summary>The epoch of each node that ever registered.</summary>
    public ImmutableDictionary<NodeId, long> NodeEpochs { get; internal init; } = ImmutableDictionary<NodeId, long>.Empty;

    /// <summary>The nodes that clients may be sent to, by id.</summary>
    public ImmutableSortedDictionary<NodeId, LiveNode> LiveNodes { get; internal init; } = ImmutableSortedDictionary<NodeId, LiveNode>.Empty;

    /// <summary>The write-ahead logs that were not left empty, by id.</summary>
    public ImmutableSortedDictionary<WalId, AttachedWal> Wals { get; internal init; } = ImmutableSortedDictionary<WalId, AttachedWal>.Empty;

    /// <summary>Dynamic broker settings; those of <see cref="NodeId.None"/> are for all nodes.</summary>
    public ImmutableDictionary<NodeId, ImmutableSortedDictionary<string, string>> BrokerConfigs { get; internal init; } =
        ImmutableDictionary<NodeId, ImmutableSortedDictionary<string, string>>.Empty;

    /// <summary>The next stream id to give out.</summary>
    public StreamId NextStreamId { get; internal init; }

    /// <summary>Whether a stream has been made by now, which may have been deleted since. One that has not is of metadata that are newer than these.</summary>
    public bool HasMade(StreamId stream) => stream.Value < NextStreamId.Value;

    /// <summary>The next object id to give out.</summary>
    public ObjectId NextObjectId { get; internal init; }

    /// <summary>Ids below it are closed: what is not known of them is never committed (<see cref="ObjectIdsClosed"/>).</summary>
    public ObjectId ClosedObjectIds { get; internal init; }

    /// <summary>The first producer id of the next block.</summary>
    public long NextProducerId { get; internal init; }

    /// <summary>The topic of that name, or null.</summary>
    public TopicState? FindTopic(string name) => TopicIds.TryGetValue(name, out Guid id) ? Topics[id] : null;

    /// <summary>The topic of that id, or null.</summary>
    public TopicState? FindTopic(Guid topicId) => Topics.GetValueOrDefault(topicId);

    /// <summary>The stream of that id, or null.</summary>
    public StreamState? FindStream(StreamId stream) => Streams.GetValueOrDefault(stream);

    /// <summary>The stream of a partition, or null.</summary>
    public StreamState? FindStream(TopicPartition partition)
    {
        TopicState? topic = FindTopic(partition.Topic);
        return topic is not null && (uint)partition.Partition < (uint)topic.Partitions.Length
            ? Streams[topic.Partitions[partition.Partition]]
            : null;
    }

    /// <summary>The range and object that hold an offset of a stream, or null when it is trimmed or not uploaded.</summary>
    public (ObjectRange Range, ObjectState Object)? FindRange(StreamId stream, Offset offset)
    {
        ObjectRange? range = FindStream(stream)?.FindRange(offset);
        return range is null ? null : (range, Objects[range.ObjectId]);
    }

    /// <summary>The image after a commit.</summary>
    /// <param name="batch">What it changes.</param>
    /// <param name="version">Its log slot.</param>
    /// <exception cref="StorageException">Invalid: an event does not fit this image; the message says which and why.</exception>
    public MetadataImage Apply(MetadataBatch batch, long version)
    {
        MetadataChange change = new(this, batch.TimestampMs);
        foreach (MetadataEvent item in batch.Events)
        {
            change.Apply(item);
        }

        return change.ToImage(version);
    }
}
