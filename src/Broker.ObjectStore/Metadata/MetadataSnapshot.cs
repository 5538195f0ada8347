using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <summary>
/// An image as an object, with the log position after which its replay goes on. Equal images have equal bytes. Layout:
/// docs/formats/metadata-log.md.
/// </summary>
internal static class MetadataSnapshot
{
    private const uint Magic = 0x534D4342; // "BCMS"

    // Version 3 is laid out as version 2, before which no range stood without readable records.
    private const ushort Version = 4;
    private const ushort FirstWithCompaction = 2;
    private const ushort FirstWithCluster = 4;
    private const int HeaderBytes = 8;

    internal static byte[] Encode(MetadataImage image, LogPosition position)
    {
        FormatWriter writer = new();
        writer.UInt32(Magic);
        writer.UInt16(Version);
        writer.UInt16(0);
        writer.Int64(position.NextSlot);
        writer.Int64(position.Epoch);
        writer.Guid(position.WriterId);
        WriteCluster(writer, image);
        writer.List(image.TopicIds, pair => WriteTopic(writer, image, image.Topics[pair.Value]));
        writer.List([.. image.Objects.Values.OrderBy(item => item.ObjectId)], item => WriteObject(writer, item));
        writer.List(image.DeletableObjects, pair => WriteDeletable(writer, pair.Value));
        writer.UInt32(Crc32C.Compute(writer.Written));
        return writer.ToArray();
    }

    /// <exception cref="StorageException">Corrupt; or Invalid: of a newer version.</exception>
    internal static (MetadataImage Image, LogPosition Position) Decode(ObjectKey key, ReadOnlyMemory<byte> bytes)
    {
        string what = $"metadata snapshot '{key}'";
        FormatReader header = new(bytes, what);
        if (header.UInt32() != Magic)
        {
            throw header.Corrupt("it does not begin as a metadata snapshot");
        }

        ushort version = header.UInt16();
        if (version > Version)
        {
            throw header.Newer("the snapshot", version, Version);
        }

        int end = bytes.Length - sizeof(uint);
        if (end < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[end..]) != Crc32C.Compute(bytes.Span[..end]))
        {
            throw header.Corrupt("its checksum does not match");
        }

        FormatReader reader = new(bytes[HeaderBytes..end], what);
        LogPosition position = new(reader.Int64(), reader.Int64(), reader.Guid());
        MetadataImage image = ReadImage(reader, version);
        reader.End();
        return (image, position);
    }

    private static void WriteCluster(FormatWriter writer, MetadataImage image)
    {
        writer.Int64(image.Version);
        writer.String(image.ClusterId);
        writer.Int64(image.NextStreamId.Value);
        writer.Int64(image.NextObjectId.Value);
        writer.Int64(image.NextProducerId);
        writer.Int64(image.ClosedObjectIds.Value);
        writer.List([.. image.NodeEpochs.OrderBy(pair => pair.Key.Value)], pair =>
        {
            writer.Int32(pair.Key.Value);
            writer.Int64(pair.Value);
        });
        writer.List(image.LiveNodes, pair =>
        {
            writer.Int32(pair.Key.Value);
            writer.Int64(pair.Value.Epoch);
            MetadataCodec.WritePlace(writer, pair.Value.Place);
        });
        writer.List(image.Wals, pair =>
        {
            writer.Guid(pair.Value.WalId.Value);
            writer.Int32(pair.Value.Node.Value);
            writer.String(pair.Value.Host);
            writer.String(pair.Value.Path);
            writer.Int64(pair.Value.SinceMs);
            writer.Bool(pair.Value.IsFenced);
        });
        writer.List([.. image.BrokerConfigs.OrderBy(pair => pair.Key.Value)], pair =>
        {
            writer.Int32(pair.Key.Value);
            writer.Map(pair.Value);
        });
    }

    private static void WriteTopic(FormatWriter writer, MetadataImage image, TopicState topic)
    {
        writer.Guid(topic.TopicId);
        writer.String(topic.Name);
        writer.Map(topic.Configs);
        writer.Bool(topic.IsInternal);
        writer.List(topic.Partitions, id => WriteStream(writer, image.Streams[id]));
    }

    private static void WriteStream(FormatWriter writer, StreamState stream)
    {
        writer.Int64(stream.StreamId.Value);
        writer.Int32(stream.Leader.Value);
        writer.Int32(stream.Epoch.Value);
        writer.Int64(stream.StartOffset.Value);
        writer.Int64(stream.EndOffset.Value);
        writer.Int64(stream.CleanedEnd.Value);
        writer.List(stream.EpochHistory, epoch =>
        {
            writer.Int32(epoch.Epoch.Value);
            writer.Int64(epoch.StartOffset.Value);
        });
        writer.List(stream.Ranges, range =>
        {
            writer.Int64(range.ObjectId.Value);
            MetadataCodec.WriteRange(writer, range.Range);
        });
        writer.Guid(stream.Wal.Value);
        writer.List(stream.PendingWals, wal => writer.Guid(wal.Value));
    }

    private static void WriteObject(FormatWriter writer, ObjectState item)
    {
        writer.Int64(item.ObjectId.Value);
        writer.String(item.Key.Value);
        writer.Byte((byte)item.Kind);
        writer.Int64(item.SizeBytes);
        writer.Int64(item.CreatedMs);
        writer.Int32(item.References);
        writer.String(item.Store);
    }

    private static void WriteDeletable(FormatWriter writer, DeletableObject item)
    {
        writer.Int64(item.ObjectId.Value);
        writer.String(item.Key.Value);
        writer.Int64(item.SizeBytes);
        writer.Int64(item.SinceMs);
        writer.String(item.Store);
    }

    private static MetadataImage ReadImage(FormatReader reader, ushort version)
    {
        MetadataImage cluster = MetadataImage.Empty with
        {
            Version = reader.Int64(),
            ClusterId = reader.String(),
            NextStreamId = new StreamId(reader.Int64()),
            NextObjectId = new ObjectId(reader.Int64()),
            NextProducerId = reader.Int64(),
            ClosedObjectIds = new ObjectId(version >= FirstWithCompaction ? reader.Int64() : 0),
            NodeEpochs = reader.List(12, () => KeyValuePair.Create(new NodeId(reader.Int32()), reader.Int64())).ToImmutableDictionary(),
            LiveNodes = version < FirstWithCluster ? MetadataImage.Empty.LiveNodes : reader.List(24, () => ReadLiveNode(reader)).ToImmutableSortedDictionary(node => node.NodeId, node => node),
            Wals = reader.List(36, () => ReadWal(reader, version)).ToImmutableSortedDictionary(wal => wal.WalId, wal => wal),
            BrokerConfigs = reader.List(8, () => KeyValuePair.Create(new NodeId(reader.Int32()), ReadConfigs(reader))).ToImmutableDictionary(),
        };
        List<StreamState> streams = [];
        TopicState[] topics = reader.List(29, () => ReadTopic(reader, version, streams));
        return cluster with
        {
            Topics = topics.ToImmutableDictionary(topic => topic.TopicId),
            TopicIds = topics.ToImmutableSortedDictionary(topic => topic.Name, topic => topic.TopicId, StringComparer.Ordinal),
            Streams = streams.ToImmutableDictionary(stream => stream.StreamId),
            Objects = reader.List(41, () => ReadObject(reader)).ToImmutableDictionary(item => item.ObjectId),
            DeletableObjects = reader.List(32, () => ReadDeletable(reader)).ToImmutableSortedDictionary(item => item.ObjectId, item => item),
        };
    }

    private static LiveNode ReadLiveNode(FormatReader reader) => new(new NodeId(reader.Int32()), reader.Int64(), MetadataCodec.ReadPlace(reader));

    private static AttachedWal ReadWal(FormatReader reader, ushort version)
        => new(new WalId(reader.Guid()), new NodeId(reader.Int32()), reader.String(), reader.String(), reader.Int64(), version >= FirstWithCluster && reader.Bool());

    private static ImmutableSortedDictionary<string, string> ReadConfigs(FormatReader reader)
        => reader.Map().ToImmutableSortedDictionary(StringComparer.Ordinal);

    private static TopicState ReadTopic(FormatReader reader, ushort version, List<StreamState> streams)
    {
        Guid topicId = reader.Guid();
        string name = reader.String();
        ImmutableSortedDictionary<string, string> configs = ReadConfigs(reader);
        bool isInternal = reader.Bool();
        int partition = 0;
        StreamId[] partitions = reader.List(40, () =>
        {
            StreamState stream = ReadStream(reader, version, topicId, partition++);
            streams.Add(stream);
            return stream.StreamId;
        });
        return new TopicState(topicId, name, [.. partitions], configs, isInternal);
    }

    private static StreamState ReadStream(FormatReader reader, ushort version, Guid topicId, int partition) => new(
        new StreamId(reader.Int64()),
        topicId,
        partition,
        new NodeId(reader.Int32()),
        new LeaderEpoch(reader.Int32()),
        StartOffset: new Offset(reader.Int64()),
        EndOffset: new Offset(reader.Int64()),
        CleanedEnd: new Offset(version >= FirstWithCompaction ? reader.Int64() : 0),
        EpochHistory: [.. reader.List(12, () => new EpochStart(new LeaderEpoch(reader.Int32()), new Offset(reader.Int64())))],
        Ranges: [.. reader.List(
            8 + MetadataCodec.RangeBytes, () => new ObjectRange(new ObjectId(reader.Int64()), MetadataCodec.ReadRange(reader)))],
        Wal: version >= FirstWithCluster ? new WalId(reader.Guid()) : WalId.None,
        PendingWals: version >= FirstWithCluster ? [.. reader.List(16, () => new WalId(reader.Guid()))] : []);

    private static ObjectState ReadObject(FormatReader reader) => new(
        new ObjectId(reader.Int64()),
        reader.Key(),
        MetadataCodec.ReadKind(reader),
        reader.Int64(),
        reader.Int64(),
        reader.Int32(),
        reader.String());

    private static DeletableObject ReadDeletable(FormatReader reader)
        => new(new ObjectId(reader.Int64()), reader.Key(), reader.Int64(), reader.Int64(), reader.String());
}
