using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <summary>
/// Applies the events of one commit to copies-on-write of an image's maps. Deterministic: the same events on the same image give
/// the same image everywhere. Every event is checked before it changes anything. Used once, by one thread.
/// </summary>
internal sealed partial class MetadataChange(MetadataImage image, long timestampMs)
{
    private readonly ImmutableDictionary<Guid, TopicState>.Builder _topics = image.Topics.ToBuilder();
    private readonly ImmutableSortedDictionary<string, Guid>.Builder _topicIds = image.TopicIds.ToBuilder();
    private readonly ImmutableDictionary<StreamId, StreamState>.Builder _streams = image.Streams.ToBuilder();
    private readonly ImmutableDictionary<ObjectId, ObjectState>.Builder _objects = image.Objects.ToBuilder();
    private readonly ImmutableSortedDictionary<ObjectId, DeletableObject>.Builder _deletable = image.DeletableObjects.ToBuilder();
    private readonly ImmutableDictionary<NodeId, long>.Builder _nodes = image.NodeEpochs.ToBuilder();
    private readonly ImmutableSortedDictionary<NodeId, LiveNode>.Builder _live = image.LiveNodes.ToBuilder();
    private readonly ImmutableDictionary<NodeId, ImmutableSortedDictionary<string, string>>.Builder _brokerConfigs =
        image.BrokerConfigs.ToBuilder();

    private readonly ImmutableSortedDictionary<WalId, AttachedWal>.Builder _wals = image.Wals.ToBuilder();

    private string _clusterId = image.ClusterId;
    private long _nextStreamId = image.NextStreamId.Value;
    private long _nextObjectId = image.NextObjectId.Value;
    private long _nextProducerId = image.NextProducerId;
    private ObjectId _closedObjectIds = image.ClosedObjectIds;

    internal void Apply(MetadataEvent item)
    {
        switch (item)
        {
            case ClusterCreated created:
                Require(_clusterId.Length == 0 && created.ClusterId.Length > 0, item, "the cluster has an id, or the new one is empty");
                _clusterId = created.ClusterId;
                break;
            case TopicCreated created:
                CreateTopic(created);
                break;
            case TopicDeleted deleted:
                DeleteTopic(deleted);
                break;
            case PartitionsAdded added:
                AddPartitions(added);
                break;
            case TopicConfigsChanged changed:
                TopicState topic = Topic(changed, changed.TopicId);
                _topics[topic.TopicId] = topic with { Configs = Changed(topic.Configs, changed.Set, changed.Removed) };
                break;
            case StreamOpened opened:
                OpenStream(opened);
                break;
            case StreamClosed closed:
                CloseStream(closed);
                break;
            case ObjectCommitted committed:
                CommitObject(committed);
                break;
            case ObjectCompacted compacted:
                CompactObject(compacted);
                break;
            case StreamTrimmed trimmed:
                TrimStream(trimmed);
                break;
            case StreamCleaned cleaned:
                CleanStream(cleaned);
                break;
            case ObjectsDeleted deleted:
                DeleteObjects(deleted);
                break;
            case ObjectIdsClosed closed:
                CloseObjectIds(closed);
                break;
            default:
                ApplyClusterEvent(item);
                break;
        }
    }

    internal MetadataImage ToImage(long version) => image with
    {
        Version = version,
        ClusterId = _clusterId,
        Topics = _topics.ToImmutable(),
        TopicIds = _topicIds.ToImmutable(),
        Streams = _streams.ToImmutable(),
        Objects = _objects.ToImmutable(),
        DeletableObjects = _deletable.ToImmutable(),
        NodeEpochs = _nodes.ToImmutable(),
        LiveNodes = _live.ToImmutable(),
        Wals = _wals.ToImmutable(),
        BrokerConfigs = _brokerConfigs.ToImmutable(),
        NextStreamId = new StreamId(_nextStreamId),
        NextObjectId = new ObjectId(_nextObjectId),
        NextProducerId = _nextProducerId,
        ClosedObjectIds = _closedObjectIds,
    };

    private static void Require(bool holds, MetadataEvent item, string fault)
    {
        if (!holds)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"metadata event {item.GetType().Name}: {fault}");
        }
    }

    private static ImmutableSortedDictionary<string, string> Changed(
        ImmutableSortedDictionary<string, string> configs, IReadOnlyDictionary<string, string> set, IReadOnlyList<string> removed)
        => configs.SetItems(set).RemoveRange(removed);

    private static ImmutableSortedDictionary<string, string> NoConfigs() => ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    private void ApplyClusterEvent(MetadataEvent item)
    {
        switch (item)
        {
            case ProducerIdBlockAllocated block:
                Require(block.First == _nextProducerId && block.Count > 0, item, $"the next block begins at {_nextProducerId}");
                _nextProducerId = checked(block.First + block.Count);
                break;
            case ObjectIdBlockAllocated block:
                Require(block.First == _nextObjectId && block.Count > 0, item, $"the next block begins at {_nextObjectId}");
                _nextObjectId = checked(block.First + block.Count);
                break;
            case NodeRegistered or NodeLeft or WalAttached or WalFenced or WalReleased:
                ApplyNodeEvent(item);
                break;
            case BrokerConfigChanged changed:
                ImmutableSortedDictionary<string, string> configs =
                    Changed(_brokerConfigs.GetValueOrDefault(changed.Node) ?? NoConfigs(), changed.Set, changed.Removed);
                if (configs.IsEmpty)
                {
                    _brokerConfigs.Remove(changed.Node);
                }
                else
                {
                    _brokerConfigs[changed.Node] = configs;
                }

                break;
            default:
                throw new InvalidOperationException($"no rule applies {item.GetType().Name}");
        }
    }

    private TopicState Topic(MetadataEvent item, Guid topicId)
    {
        TopicState? topic = _topics.GetValueOrDefault(topicId);
        Require(topic is not null, item, $"no topic has the id {topicId}");
        return topic!;
    }

    private StreamState Stream(MetadataEvent item, StreamId id)
    {
        StreamState? stream = _streams.GetValueOrDefault(id);
        Require(stream is not null, item, $"{id} does not exist");
        return stream!;
    }

    private void CreateTopic(TopicCreated created)
    {
        Require(created.TopicId != Guid.Empty && !_topics.ContainsKey(created.TopicId), created, $"the id {created.TopicId} is taken");
        Require(created.Name.Length > 0 && !_topicIds.ContainsKey(created.Name), created, $"the name '{created.Name}' is taken");
        AddStreams(created, created.TopicId, created.Partitions, firstPartition: 0);
        _topicIds[created.Name] = created.TopicId;
        _topics[created.TopicId] = new TopicState(
            created.TopicId, created.Name, [.. created.Partitions], NoConfigs().AddRange(created.Configs), created.IsInternal);
    }

    private void AddPartitions(PartitionsAdded added)
    {
        TopicState topic = Topic(added, added.TopicId);
        AddStreams(added, topic.TopicId, added.Partitions, topic.Partitions.Length);
        _topics[topic.TopicId] = topic with { Partitions = topic.Partitions.AddRange(added.Partitions) };
    }

    private void AddStreams(MetadataEvent item, Guid topicId, IReadOnlyList<StreamId> streams, int firstPartition)
    {
        Require(streams.Count > 0, item, "there are no partitions in it");
        for (int i = 0; i < streams.Count; i++)
        {
            Require(streams[i].Value >= _nextStreamId, item, $"{streams[i]} was given out before; the next is stream-{_nextStreamId}");
            _nextStreamId = streams[i].Value + 1;
            _streams[streams[i]] = StreamState.New(streams[i], topicId, firstPartition + i);
        }
    }

    private void DeleteTopic(TopicDeleted deleted)
    {
        TopicState topic = Topic(deleted, deleted.TopicId);
        foreach (StreamId id in topic.Partitions)
        {
            foreach (ObjectRange range in _streams[id].Ranges)
            {
                Unreference(range.ObjectId);
            }

            _streams.Remove(id);
        }

        _topicIds.Remove(topic.Name);
        _topics.Remove(topic.TopicId);
    }
}
