using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Clustering;

/// <summary>The coordinator's commands as bytes. A new command, or field, gets a new number: an older build refuses it instead of misreading it.</summary>
internal static class CommandCodec
{
    private enum Kind : byte
    {
        MakeTopics = 1,
        RemoveTopics = 2,
        GiveProducerId = 3,
        GiveObjectId = 4,
        CommitUpload = 5,
        CommitCompaction = 6,
        CloseObjectIds = 7,
        TrimStreams = 8,
        ForgetObjects = 9,
        ReadMetadata = 10,
        RegisterNode = 11,
        ReleaseNode = 12,
        MarkNodeGone = 13,
        MarkWalFenced = 14,
        CloseStreams = 16,
        ReleasePaidWals = 17,
        NodeDrains = 18,

        // 15 was one that did not say how far the streams were uploaded.
        OpenStreams = 19,
    }

    /// <exception cref="ArgumentException">It is none of the coordinator's commands.</exception>
    public static void Write(BinaryWriter to, object command)
    {
        switch (command)
        {
            case MakeTopics make:
                to.Write((byte)Kind.MakeTopics);
                to.WriteList(make.Topics, topic => WriteTopic(to, topic));
                break;
            case RemoveTopics remove:
                to.Write((byte)Kind.RemoveTopics);
                to.WriteList(remove.Topics, to.WriteGuid);
                break;
            case GiveProducerId:
                to.Write((byte)Kind.GiveProducerId);
                break;
            case GiveObjectId:
                to.Write((byte)Kind.GiveObjectId);
                break;
            case CommitUpload commit:
                to.Write((byte)Kind.CommitUpload);
                to.WriteEvents(0, commit.Upload);
                break;
            case CommitCompaction commit:
                to.Write((byte)Kind.CommitCompaction);
                to.WriteEvents(0, commit.Cleaned is { } cleaned ? [commit.Compaction, cleaned] : [commit.Compaction]);
                break;
            case CloseObjectIds close:
                to.Write((byte)Kind.CloseObjectIds);
                to.Write(close.Next.Value);
                break;
            case TrimStreams trim:
                to.Write((byte)Kind.TrimStreams);
                to.WriteEvents(0, [.. trim.Trims]);
                break;
            case ForgetObjects forget:
                to.Write((byte)Kind.ForgetObjects);
                to.WriteList(forget.Objects, id => to.Write(id.Value));
                break;
            case ReadMetadata:
                to.Write((byte)Kind.ReadMetadata);
                break;
            case ReleasePaidWals:
                to.Write((byte)Kind.ReleasePaidWals);
                break;
            default:
                WriteNodeCommand(to, command);
                break;
        }
    }

    private static void WriteNodeCommand(BinaryWriter to, object command)
    {
        switch (command)
        {
            case RegisterNode register:
                to.Write((byte)Kind.RegisterNode);
                to.WriteEvents(0, new WalAttached(register.Wal, register.Node, register.Host, register.WalPath), new NodeRegistered(register.Node, 0, register.Place));
                to.WriteList(register.AcceptedLoss, wal => to.WriteGuid(wal.Value));
                break;
            case ReleaseNode release:
                to.Write((byte)Kind.ReleaseNode);
                WriteStart(to, release.Node, release.NodeEpoch);
                to.WriteGuid(release.Wal.Value);
                break;
            case NodeDrains drains:
                to.Write((byte)Kind.NodeDrains);
                WriteStart(to, drains.Node, drains.NodeEpoch);
                break;
            case MarkNodeGone gone:
                to.Write((byte)Kind.MarkNodeGone);
                WriteStart(to, gone.Node, gone.NodeEpoch);
                break;
            case MarkWalFenced fenced:
                to.Write((byte)Kind.MarkWalFenced);
                to.WriteGuid(fenced.Wal.Value);
                to.Write(fenced.NodeEpoch);
                break;
            case OpenStreams open:
                to.Write((byte)Kind.OpenStreams);
                WriteStart(to, open.Node, open.NodeEpoch);
                to.WriteGuid(open.Wal.Value);
                to.WriteList(open.WalsRead, wal => to.WriteGuid(wal.Value));
                to.WriteList(open.Streams, one =>
                {
                    Pair(to, one.Stream.Value, one.UploadedEnd.Value);
                    to.Write(one.Next.Value);
                });
                break;
            case CloseStreams close:
                to.Write((byte)Kind.CloseStreams);
                to.WriteList(close.Streams, one =>
                {
                    Pair(to, one.Stream.Value, one.Epoch.Value);
                    to.Write(one.End.Value);
                });
                break;
            default:
                throw new ArgumentException($"{command.GetType().Name} is no command of the coordinator", nameof(command));
        }
    }

    /// <exception cref="InvalidDataException">It is none, or of a newer build.</exception>
    public static object Read(BinaryReader from)
    {
        Kind kind = (Kind)from.ReadByte();
        return kind switch
        {
            Kind.MakeTopics => new MakeTopics(from.ReadList(() => ReadTopic(from))),
            Kind.RemoveTopics => new RemoveTopics(from.ReadList(from.ReadGuid)),
            Kind.GiveProducerId => GiveProducerId.Instance,
            Kind.GiveObjectId => GiveObjectId.Instance,
            Kind.CommitUpload => from.ReadBatch().Events is [ObjectCommitted upload] ? new CommitUpload(upload) : throw Unexpected(kind),
            Kind.CommitCompaction => from.ReadBatch().Events switch
            {
                [ObjectCompacted compaction] => new CommitCompaction(compaction),
                [ObjectCompacted compaction, StreamCleaned cleaned] => new CommitCompaction(compaction, cleaned),
                _ => throw Unexpected(kind),
            },
            Kind.CloseObjectIds => new CloseObjectIds(new ObjectId(from.ReadInt64())),
            Kind.TrimStreams => new TrimStreams([.. from.ReadBatch().Events.Select(one => one as StreamTrimmed ?? throw Unexpected(kind))]),
            Kind.ForgetObjects => new ForgetObjects(from.ReadList(() => new ObjectId(from.ReadInt64()))),
            Kind.ReadMetadata => ReadMetadata.Instance,
            Kind.ReleasePaidWals => ReleasePaidWals.Instance,
            Kind.RegisterNode => ReadRegistration(from),
            Kind.ReleaseNode => new ReleaseNode(new NodeId(from.ReadInt32()), from.ReadInt64(), new WalId(from.ReadGuid())),
            Kind.NodeDrains => new NodeDrains(new NodeId(from.ReadInt32()), from.ReadInt64()),
            Kind.MarkNodeGone => new MarkNodeGone(new NodeId(from.ReadInt32()), from.ReadInt64()),
            Kind.MarkWalFenced => new MarkWalFenced(new WalId(from.ReadGuid()), from.ReadInt64()),
            Kind.OpenStreams => new OpenStreams(
                new NodeId(from.ReadInt32()),
                from.ReadInt64(),
                new WalId(from.ReadGuid()),
                from.ReadList(() => new WalId(from.ReadGuid())),
                from.ReadList(() => new StreamOpening(new StreamId(from.ReadInt64()), new Offset(from.ReadInt64()), new Offset(from.ReadInt64())))),
            Kind.CloseStreams => new CloseStreams(from.ReadList(() => new StreamEnd(new StreamId(from.ReadInt64()), new LeaderEpoch(checked((int)from.ReadInt64())), new Offset(from.ReadInt64())))),
            _ => throw new InvalidDataException($"the command {(byte)kind} is unknown here"),
        };
    }

    private static RegisterNode ReadRegistration(BinaryReader from)
    {
        if (from.ReadBatch().Events is not [WalAttached wal, NodeRegistered { Place: { } place } node])
        {
            throw Unexpected(Kind.RegisterNode);
        }

        return new RegisterNode(node.Node, place, wal.WalId, wal.Host, wal.Path, from.ReadList(() => new WalId(from.ReadGuid())));
    }

    private static void WriteTopic(BinaryWriter to, NewTopic topic)
    {
        to.Write(topic.Name);
        to.Write(topic.Partitions);
        to.WriteList(topic.Configs, config =>
        {
            to.Write(config.Key);
            to.Write(config.Value);
        });
        to.WriteList(topic.Leaders, leader => to.Write(leader.Value));
    }

    private static NewTopic ReadTopic(BinaryReader from) => new(
        from.ReadString(), from.ReadInt32(), from.ReadList(() => KeyValuePair.Create(from.ReadString(), from.ReadString())).ToDictionary(StringComparer.Ordinal))
    {
        Leaders = from.ReadList(() => new NodeId(from.ReadInt32())),
    };

    private static void WriteStart(BinaryWriter to, NodeId node, long epoch)
    {
        to.Write(node.Value);
        to.Write(epoch);
    }

    private static void Pair(BinaryWriter to, long first, long second)
    {
        to.Write(first);
        to.Write(second);
    }

    private static InvalidDataException Unexpected(Kind kind) => new($"the events in a {kind} are not its own");
}
