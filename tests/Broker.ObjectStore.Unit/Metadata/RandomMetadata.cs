using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Unit.MetadataLogs;

/// <summary>Random commits that fit an image: all kinds of events, in the proportions that make histories interesting.</summary>
internal sealed class RandomMetadata(int seed)
{
    private readonly Random _random = new(seed);
    private readonly SeededIdSource _ids = new(seed);
    private int _names;

    /// <summary>Events that one commit may bring on top of <paramref name="image"/>.</summary>
    internal List<MetadataEvent> Commit(MetadataImage image)
    {
        List<MetadataEvent> events = [];
        int count = _random.Next(1, 4);
        for (int i = 0; i < count; i++)
        {
            MetadataEvent? item = Event(image);
            if (item is not null)
            {
                events.Add(item);
                image = image.Apply(new MetadataBatch(0, [item]), image.Version);
            }
        }

        return events.Count > 0 ? events : [NewTopic(image)];
    }

    internal static ObjectCommitted Upload(MetadataImage image, long id, IEnumerable<StreamState> streams, Func<StreamState, int> records) => new(
        new ObjectId(id),
        new ObjectKey($"data/{id:D19}"),
        ObjectKind.StreamSet,
        SizeBytes: 1_000,
        CreatedMs: 42,
        [.. streams.Select(stream => new StreamRange(
            stream.StreamId, stream.Epoch, stream.EndOffset, stream.EndOffset + records(stream), 7, 100, 800, 50, 0, 0))]);

    private MetadataEvent? Event(MetadataImage image)
    {
        StreamState[] streams = [.. image.Streams.Values.OrderBy(stream => stream.StreamId)];
        TopicState[] topics = [.. image.TopicIds.Values.Select(id => image.Topics[id])];
        if (topics.Length == 0)
        {
            return NewTopic(image);
        }

        TopicState topic = topics[_random.Next(topics.Length)];
        StreamState stream = streams[_random.Next(streams.Length)];
        return _random.Next(25) switch
        {
            0 => NewTopic(image),
            1 when topics.Length > 3 => new TopicDeleted(topic.TopicId),
            2 => new PartitionsAdded(topic.TopicId, [image.NextStreamId]),
            3 => new TopicConfigsChanged(topic.TopicId, Configs(), ["b"]),
            4 or 5 => new StreamOpened(stream.StreamId, new NodeId(_random.Next(3)), stream.Epoch.Next(), stream.EndOffset + _random.Next(2), Wal(image)),
            6 or 7 => new StreamTrimmed(stream.StreamId, stream.StartOffset + _random.Next(30)),
            8 when image.DeletableObjects.Count > 0 => new ObjectsDeleted([image.DeletableObjects.Keys.First()]),
            9 => new ProducerIdBlockAllocated(new NodeId(1), image.NextProducerId, 1000),
            10 => new NodeRegistered(new NodeId(_random.Next(3)), image.NodeEpochs.Values.DefaultIfEmpty().Max() + 1, Place()),
            11 => new BrokerConfigChanged(_random.Next(2) == 0 ? NodeId.None : new NodeId(2), Configs(), ["a"]),
            12 => new ObjectIdBlockAllocated(new NodeId(1), image.NextObjectId.Value, 3),
            16 => new WalAttached(new WalId(_ids.Next()), new NodeId(_random.Next(3)), "host-é", $"/wal/{_random.Next(9)}"),
            17 when image.Wals.Count > 0 => new WalReleased(image.Wals.Keys.First(), (WalReleaseReason)_random.Next(1, 4)),
            18 or 19 => Compaction(image, stream),
            20 when image.NextObjectId.Value > 5 => new ObjectIdsClosed(new ObjectId(Math.Max(image.ClosedObjectIds.Value, image.NextObjectId.Value - 5))),
            21 => new StreamCleaned(stream.StreamId, stream.CleanedEnd + ((stream.EndOffset.Value - stream.CleanedEnd.Value) / 2)),
            22 when stream.Leader != NodeId.None && stream.IsUploadedToEpoch => new StreamClosed(stream.StreamId, stream.Epoch),
            23 when image.LiveNodes.Count > 0 => new NodeLeft(image.LiveNodes.Keys.First(), image.LiveNodes.Values.First().Epoch),
            24 when image.Wals.Count > 0 => new WalFenced(image.Wals.Keys.Last()),
            13 => Upload(image, image.NextObjectId.Value, [], _ => 0),
            _ => Upload(
                image, image.NextObjectId.Value + _random.Next(2), streams.Where(one => _random.Next(3) > 0 && (one.Leader != NodeId.None || one.Epoch == LeaderEpoch.None)), _ => _random.Next(1, 20)),
        };
    }

    private WalId Wal(MetadataImage image) => _random.Next(3) == 0 ? WalId.None : image.Wals.Keys.Append(new WalId(_ids.Next())).First();

    private NodePlace? Place() => _random.Next(3) == 0
        ? null
        : new NodePlace($"host-é:{_random.Next(9)}", _random.Next(2) == 0 ? "" : "rack", [.. Enumerable.Range(0, _random.Next(3)).Select(i => new NodeEndpoint($"L{i}", "PLAINTEXT", "host", 9092 + i))]);

    private ObjectCompacted? Compaction(MetadataImage image, StreamState stream)
    {
        if (stream.Ranges.IsEmpty)
        {
            return null;
        }

        int first = _random.Next(stream.Ranges.Count);
        ObjectRange[] replaced = [.. stream.Ranges.Skip(first).Take(_random.Next(1, 4))];
        ObjectCommitted added = Upload(image, image.NextObjectId.Value, [], _ => 0) with
        {
            Kind = ObjectKind.Stream,
            Ranges = [replaced[^1].Range with { BaseOffset = replaced[0].BaseOffset, IndexPosition = 5_000 }],
        };
        return new ObjectCompacted(added, [.. replaced.Select(range => range.ObjectId)]);
    }

    private TopicCreated NewTopic(MetadataImage image)
    {
        long first = image.NextStreamId.Value + _random.Next(2);
        return new TopicCreated(
            _ids.Next(),
            $"topic-{_names++}-é",
            [.. Enumerable.Range(0, _random.Next(1, 4)).Select(i => new StreamId(first + i))],
            Configs(),
            _random.Next(5) == 0);
    }

    private Dictionary<string, string> Configs()
        => Enumerable.Range(0, _random.Next(3)).ToDictionary(i => $"{(char)('a' + i)}", i => $"{_random.Next()}");
}
