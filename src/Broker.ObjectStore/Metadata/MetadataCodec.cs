namespace Broker.ObjectStore.Metadata;

/// <summary>
/// The bytes of a commit: a header and events, each with its type, version and length. Layout: docs/formats/metadata-log.md. Integrity
/// is the log entry's checksum.
/// </summary>
public static class MetadataCodec
{
    private const uint Magic = 0x424D4342; // "BCMB"
    private const ushort BatchVersion = 1;
    private const ushort FirstVersion = 1;

    // The layout is that of version 1; what it leaves of a stream without readable records is not.
    private const ushort KeepsStateVersion = 2;

    // Before, a stream's opening did not name its log, nor a node's registration its place.
    private const ushort ClusterVersion = 2;
    private const int EventHeaderBytes = 8;

    private enum EventType : ushort
    {
        ClusterCreated = 1,
        TopicCreated = 2,
        TopicDeleted = 3,
        PartitionsAdded = 4,
        TopicConfigsChanged = 5,
        StreamOpened = 6,
        ObjectCommitted = 7,
        StreamTrimmed = 8,
        ObjectsDeleted = 9,
        ProducerIdBlockAllocated = 10,
        ObjectIdBlockAllocated = 11,
        NodeRegistered = 12,
        BrokerConfigChanged = 13,
        WalAttached = 14,
        WalReleased = 15,
        ObjectCompacted = 16,
        StreamCleaned = 17,
        ObjectIdsClosed = 18,
        StreamClosed = 19,
        NodeLeft = 20,
        WalFenced = 21,
    }

    /// <summary>A commit as bytes.</summary>
    public static byte[] Encode(MetadataBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        FormatWriter writer = new();
        writer.UInt32(Magic);
        writer.UInt16(BatchVersion);
        writer.UInt16(0);
        writer.Int64(batch.TimestampMs);
        writer.Int32(batch.Events.Count);
        foreach (MetadataEvent item in batch.Events)
        {
            FormatWriter body = new();
            EventType type = WriteEvent(body, item);
            writer.UInt16((ushort)type);
            writer.UInt16(VersionOf(item));
            writer.Int32(body.Length);
            writer.Bytes(body.Written);
        }

        return writer.ToArray();
    }

    /// <summary>A commit from bytes.</summary>
    /// <param name="bytes">All of them.</param>
    /// <param name="what">Where they come from, for errors.</param>
    /// <exception cref="StorageException">Corrupt; or Invalid: something in it is of a newer version.</exception>
    public static MetadataBatch Decode(ReadOnlyMemory<byte> bytes, string what)
    {
        FormatReader reader = new(bytes, what);
        if (reader.UInt32() != Magic)
        {
            throw reader.Corrupt("it does not begin as a metadata commit");
        }

        ushort version = reader.UInt16();
        if (version > BatchVersion)
        {
            throw reader.Newer("the commit", version, BatchVersion);
        }

        _ = reader.UInt16();
        long timestampMs = reader.Int64();
        MetadataEvent[] events = reader.List(EventHeaderBytes, () => ReadEvent(reader, what));
        reader.End();
        return new MetadataBatch(timestampMs, events);
    }

    internal static void WriteRange(FormatWriter writer, StreamRange range)
    {
        writer.Int64(range.Stream.Value);
        writer.Int32(range.Epoch.Value);
        writer.Int64(range.BaseOffset.Value);
        writer.Int64(range.EndOffset.Value);
        writer.Int64(range.MaxTimestampMs);
        writer.Int64(range.SizeBytes);
        writer.Int64(range.IndexPosition);
        writer.Int32(range.IndexBytes);
        writer.Int64(range.StatePosition);
        writer.Int32(range.StateBytes);
    }

    internal static StreamRange ReadRange(FormatReader reader) => new(
        new StreamId(reader.Int64()),
        new LeaderEpoch(reader.Int32()),
        new Offset(reader.Int64()),
        new Offset(reader.Int64()),
        reader.Int64(),
        reader.Int64(),
        reader.Int64(),
        reader.Int32(),
        reader.Int64(),
        reader.Int32());

    internal static ObjectKind ReadKind(FormatReader reader)
    {
        ObjectKind kind = (ObjectKind)reader.Byte();
        return Enum.IsDefined(kind) ? kind : throw reader.Newer("the object kind", (byte)kind, (byte)ObjectKind.Stream);
    }

    internal static void WritePlace(FormatWriter writer, NodePlace place)
    {
        writer.String(place.ClusterAddress);
        writer.String(place.Rack);
        writer.List(place.Endpoints, endpoint =>
        {
            writer.String(endpoint.Listener);
            writer.String(endpoint.Protocol);
            writer.String(endpoint.Host);
            writer.Int32(endpoint.Port);
        });
    }

    internal static NodePlace ReadPlace(FormatReader reader) => new(
        reader.String(), reader.String(), reader.List(16, () => new NodeEndpoint(reader.String(), reader.String(), reader.String(), reader.Int32())));

    private static MetadataEvent ReadEvent(FormatReader reader, string what)
    {
        EventType type = (EventType)reader.UInt16();
        ushort version = reader.UInt16();
        int length = reader.Int32();
        if (!Enum.IsDefined(type))
        {
            throw reader.Newer($"an event of type {(ushort)type}, which is unknown here,", version, 0);
        }

        ushort newest = type switch
        {
            EventType.ObjectCommitted or EventType.StreamTrimmed => KeepsStateVersion,
            EventType.StreamOpened or EventType.NodeRegistered => ClusterVersion,
            _ => FirstVersion,
        };
        if (version > newest)
        {
            throw reader.Newer($"the event {type}", version, newest);
        }

        FormatReader body = reader.Slice(length, $"{what}, event {type}");
        MetadataEvent item = ReadEvent(body, type, version);
        body.End();
        return item;
    }

    private static ushort VersionOf(MetadataEvent item) => item switch
    {
        ObjectCommitted { KeepsStates: true } or StreamTrimmed { KeepsState: true } => KeepsStateVersion,
        StreamOpened { Wal: var wal } when wal != WalId.None => ClusterVersion,
        NodeRegistered { Place: not null } => ClusterVersion,
        _ => FirstVersion,
    };

    private static EventType WriteEvent(FormatWriter to, MetadataEvent item)
    {
        switch (item)
        {
            case ClusterCreated e:
                to.String(e.ClusterId);
                return EventType.ClusterCreated;
            case TopicCreated e:
                to.Guid(e.TopicId);
                to.String(e.Name);
                to.List(e.Partitions, id => to.Int64(id.Value));
                to.Map(e.Configs);
                to.Bool(e.IsInternal);
                return EventType.TopicCreated;
            case TopicDeleted e:
                to.Guid(e.TopicId);
                return EventType.TopicDeleted;
            case PartitionsAdded e:
                to.Guid(e.TopicId);
                to.List(e.Partitions, id => to.Int64(id.Value));
                return EventType.PartitionsAdded;
            case TopicConfigsChanged e:
                to.Guid(e.TopicId);
                to.Map(e.Set);
                to.List(e.Removed, to.String);
                return EventType.TopicConfigsChanged;
            case BrokerConfigChanged e:
                to.Int32(e.Node.Value);
                to.Map(e.Set);
                to.List(e.Removed, to.String);
                return EventType.BrokerConfigChanged;
            case NodeRegistered e:
                to.Int32(e.Node.Value);
                to.Int64(e.NodeEpoch);
                if (e.Place is { } place)
                {
                    WritePlace(to, place);
                }

                return EventType.NodeRegistered;
            case NodeLeft e:
                to.Int32(e.Node.Value);
                to.Int64(e.NodeEpoch);
                return EventType.NodeLeft;
            case WalAttached e:
                to.Guid(e.WalId.Value);
                to.Int32(e.Node.Value);
                to.String(e.Host);
                to.String(e.Path);
                return EventType.WalAttached;
            case WalFenced e:
                to.Guid(e.WalId.Value);
                return EventType.WalFenced;
            case WalReleased e:
                to.Guid(e.WalId.Value);
                to.Byte((byte)e.Reason);
                return EventType.WalReleased;
            default:
                return WriteStorageEvent(to, item);
        }
    }

    private static void WriteObject(FormatWriter to, ObjectCommitted item)
    {
        to.Int64(item.ObjectId.Value);
        to.String(item.Key.Value);
        to.Byte((byte)item.Kind);
        to.Int64(item.SizeBytes);
        to.Int64(item.CreatedMs);
        to.String(item.Store);
        to.List(item.Ranges, range => WriteRange(to, range));
    }

    private static EventType WriteStorageEvent(FormatWriter to, MetadataEvent item)
    {
        switch (item)
        {
            case StreamOpened e:
                to.Int64(e.Stream.Value);
                to.Int32(e.Leader.Value);
                to.Int32(e.Epoch.Value);
                to.Int64(e.StartOffset.Value);
                if (e.Wal != WalId.None)
                {
                    to.Guid(e.Wal.Value);
                }

                return EventType.StreamOpened;
            case StreamClosed e:
                to.Int64(e.Stream.Value);
                to.Int32(e.Epoch.Value);
                return EventType.StreamClosed;
            case ObjectCommitted e:
                WriteObject(to, e);
                return EventType.ObjectCommitted;
            case ObjectCompacted e:
                WriteObject(to, e.Object);
                to.List(e.Sources, id => to.Int64(id.Value));
                return EventType.ObjectCompacted;
            case StreamCleaned e:
                to.Int64(e.Stream.Value);
                to.Int64(e.CleanedEnd.Value);
                return EventType.StreamCleaned;
            case ObjectIdsClosed e:
                to.Int64(e.Next.Value);
                return EventType.ObjectIdsClosed;
            case StreamTrimmed e:
                to.Int64(e.Stream.Value);
                to.Int64(e.NewStart.Value);
                return EventType.StreamTrimmed;
            case ObjectsDeleted e:
                to.List(e.Objects, id => to.Int64(id.Value));
                return EventType.ObjectsDeleted;
            case ProducerIdBlockAllocated e:
                to.Int32(e.Node.Value);
                to.Int64(e.First);
                to.Int32(e.Count);
                return EventType.ProducerIdBlockAllocated;
            case ObjectIdBlockAllocated e:
                to.Int32(e.Node.Value);
                to.Int64(e.First);
                to.Int32(e.Count);
                return EventType.ObjectIdBlockAllocated;
            default:
                throw new InvalidOperationException($"{item.GetType().Name} has no encoding");
        }
    }

    private static MetadataEvent ReadEvent(FormatReader from, EventType type, ushort version) => type switch
    {
        EventType.ClusterCreated => new ClusterCreated(from.String()),
        EventType.TopicCreated => new TopicCreated(from.Guid(), from.String(), ReadStreams(from), from.Map(), from.Bool()),
        EventType.TopicDeleted => new TopicDeleted(from.Guid()),
        EventType.PartitionsAdded => new PartitionsAdded(from.Guid(), ReadStreams(from)),
        EventType.TopicConfigsChanged => new TopicConfigsChanged(from.Guid(), from.Map(), from.List(4, from.String)),
        EventType.StreamOpened => new StreamOpened(
            new StreamId(from.Int64()), new NodeId(from.Int32()), new LeaderEpoch(from.Int32()), new Offset(from.Int64()), version >= ClusterVersion ? new WalId(from.Guid()) : WalId.None),
        EventType.StreamClosed => new StreamClosed(new StreamId(from.Int64()), new LeaderEpoch(from.Int32())),
        EventType.ObjectCommitted => ReadObject(from) with { KeepsStates = version >= KeepsStateVersion },
        EventType.ObjectCompacted => new ObjectCompacted(ReadObject(from), ReadObjectIds(from)),
        EventType.StreamCleaned => new StreamCleaned(new StreamId(from.Int64()), new Offset(from.Int64())),
        EventType.ObjectIdsClosed => new ObjectIdsClosed(new ObjectId(from.Int64())),
        EventType.StreamTrimmed => new StreamTrimmed(new StreamId(from.Int64()), new Offset(from.Int64()), version >= KeepsStateVersion),
        EventType.ObjectsDeleted => new ObjectsDeleted(ReadObjectIds(from)),
        EventType.ProducerIdBlockAllocated => new ProducerIdBlockAllocated(new NodeId(from.Int32()), from.Int64(), from.Int32()),
        EventType.ObjectIdBlockAllocated => new ObjectIdBlockAllocated(new NodeId(from.Int32()), from.Int64(), from.Int32()),
        EventType.NodeRegistered => new NodeRegistered(new NodeId(from.Int32()), from.Int64(), version >= ClusterVersion ? ReadPlace(from) : null),
        EventType.NodeLeft => new NodeLeft(new NodeId(from.Int32()), from.Int64()),
        EventType.BrokerConfigChanged => new BrokerConfigChanged(new NodeId(from.Int32()), from.Map(), from.List(4, from.String)),
        EventType.WalAttached => new WalAttached(new WalId(from.Guid()), new NodeId(from.Int32()), from.String(), from.String()),
        EventType.WalFenced => new WalFenced(new WalId(from.Guid())),
        EventType.WalReleased => new WalReleased(new WalId(from.Guid()), ReadReason(from)),
        _ => throw new InvalidOperationException($"{type} has no decoding"),
    };

    private static WalReleaseReason ReadReason(FormatReader reader)
    {
        WalReleaseReason reason = (WalReleaseReason)reader.Byte();
        return Enum.IsDefined(reason) ? reason : throw reader.Newer("the reason of a WAL's release", (byte)reason, (byte)WalReleaseReason.Recovered);
    }

    private static ObjectId[] ReadObjectIds(FormatReader from) => from.List(8, () => new ObjectId(from.Int64()));

    private static StreamId[] ReadStreams(FormatReader from) => from.List(8, () => new StreamId(from.Int64()));

    private static ObjectCommitted ReadObject(FormatReader from)
    {
        ObjectId id = new(from.Int64());
        ObjectKey key = from.Key();
        ObjectKind kind = ReadKind(from);
        long sizeBytes = from.Int64();
        long createdMs = from.Int64();
        string store = from.String();
        return new ObjectCommitted(id, key, kind, sizeBytes, createdMs, from.List(RangeBytes, () => ReadRange(from)), store);
    }

    /// <summary>The encoded length of a <see cref="StreamRange"/>.</summary>
    internal const int RangeBytes = 68;
}
