using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;

namespace Broker.Actors.Clustering;

/// <summary>The coordinator's answers as bytes. Images do not travel: who gets an answer puts its own in.</summary>
internal static class ReplyCodec
{
    private enum Kind : byte
    {
        TopicsChanged = 1,
        ProducerIdGiven = 2,
        ObjectIdGiven = 3,
        UploadCommitted = 4,
        UploadTooLate = 5,
        CompactionCommitted = 6,
        ObjectIdsAreClosed = 7,
        StreamsTrimmed = 8,
        CommandDone = 9,
        MetadataIsRead = 10,
        NodeIsRegistered = 11,
        StreamsOpened = 12,
        StreamsAreClosed = 13,
        WalsReleased = 14,
        CommandFailed = 15,
    }

    /// <exception cref="ArgumentException">It is none of the coordinator's answers.</exception>
    public static void Write(BinaryWriter to, object reply)
    {
        switch (reply)
        {
            case TopicsChanged changed:
                to.Write((byte)Kind.TopicsChanged);
                to.WriteList(changed.Results, result =>
                {
                    to.Write((short)result.Error);
                    to.WriteText(result.Message);
                    to.WriteGuid(result.TopicId);
                });
                break;
            case ProducerIdGiven given:
                to.Write((byte)Kind.ProducerIdGiven);
                to.Write((short)given.Error);
                to.Write(given.ProducerId);
                break;
            case ObjectIdGiven given:
                to.Write((byte)Kind.ObjectIdGiven);
                to.Write(given.ObjectId.Value);
                break;
            case UploadCommitted committed:
                to.Write((byte)Kind.UploadCommitted);
                to.WriteList(committed.Refused, refusal =>
                {
                    to.Write(refusal.Stream.Value);
                    to.Write((byte)refusal.Reason);
                    to.Write(refusal.Detail);
                });
                break;
            case NodeIsRegistered registered:
                to.Write((byte)Kind.NodeIsRegistered);
                to.Write(registered.NodeEpoch);
                break;
            case StreamsOpened opened:
                to.Write((byte)Kind.StreamsOpened);
                to.WriteList(opened.Refused, refusal =>
                {
                    to.Write(refusal.Stream.Value);
                    to.Write((byte)refusal.Reason);
                    to.WriteList(refusal.Wals, wal => to.WriteGuid(wal.Value));
                });
                break;
            case WalsReleased released:
                to.Write((byte)Kind.WalsReleased);
                to.WriteEvents(0, [.. released.Wals.Select(wal => new WalAttached(wal.WalId, wal.Node, wal.Host, wal.Path))]);
                break;
            case CommandFailed failed:
                to.Write((byte)Kind.CommandFailed);
                to.Write((byte)failed.Kind);
                to.Write(failed.Reason);
                to.Write(failed.IsInDoubt);
                break;
            default:
                to.Write((byte)KindOf(reply));
                break;
        }
    }

    /// <exception cref="InvalidDataException">It is none, or of a newer build.</exception>
    public static object Read(BinaryReader from)
    {
        Kind kind = (Kind)from.ReadByte();
        return kind switch
        {
            Kind.TopicsChanged => new TopicsChanged(from.ReadList(() => new TopicResult((ErrorCode)from.ReadInt16(), from.ReadText(), from.ReadGuid()))),
            Kind.ProducerIdGiven => new ProducerIdGiven((ErrorCode)from.ReadInt16(), from.ReadInt64()),
            Kind.ObjectIdGiven => new ObjectIdGiven(new ObjectId(from.ReadInt64())),
            Kind.UploadCommitted => new UploadCommitted(from.ReadList(() => new UploadRefusal(new StreamId(from.ReadInt64()), Known<UploadRefusalReason>(from.ReadByte()), from.ReadString()))),
            Kind.UploadTooLate => UploadTooLate.Instance,
            Kind.CompactionCommitted => new CompactionCommitted(MetadataImage.Empty),
            Kind.ObjectIdsAreClosed => new ObjectIdsAreClosed(MetadataImage.Empty),
            Kind.StreamsTrimmed => new StreamsTrimmed(MetadataImage.Empty),
            Kind.StreamsAreClosed => new StreamsAreClosed(MetadataImage.Empty),
            Kind.CommandDone => CommandDone.Instance,
            Kind.MetadataIsRead => MetadataIsRead.Instance,
            Kind.NodeIsRegistered => new NodeIsRegistered(from.ReadInt64()),
            Kind.StreamsOpened => new StreamsOpened(
                MetadataImage.Empty,
                from.ReadList(() => new OpeningRefusal(new StreamId(from.ReadInt64()), Known<OpeningRefusalReason>(from.ReadByte()), from.ReadList(() => new WalId(from.ReadGuid()))))),
            Kind.WalsReleased => new WalsReleased(
                [.. from.ReadBatch().Events.Select(one => one is WalAttached wal ? new AttachedWal(wal.WalId, wal.Node, wal.Host, wal.Path, 0, IsFenced: true) : throw new InvalidDataException("a released log is none"))]),
            Kind.CommandFailed => new CommandFailed(Known<StorageErrorKind>(from.ReadByte()), from.ReadString(), from.ReadBoolean()),
            _ => throw new InvalidDataException($"the answer {(byte)kind} is unknown here"),
        };
    }

    private static Kind KindOf(object reply) => reply switch
    {
        UploadTooLate => Kind.UploadTooLate,
        CompactionCommitted => Kind.CompactionCommitted,
        ObjectIdsAreClosed => Kind.ObjectIdsAreClosed,
        StreamsTrimmed => Kind.StreamsTrimmed,
        StreamsAreClosed => Kind.StreamsAreClosed,
        CommandDone => Kind.CommandDone,
        MetadataIsRead => Kind.MetadataIsRead,
        _ => throw new ArgumentException($"{reply.GetType().Name} is no answer of the coordinator", nameof(reply)),
    };

    private static T Known<T>(byte value)
        where T : struct, Enum
    {
        T known = (T)Enum.ToObject(typeof(T), value);
        return Enum.IsDefined(known) ? known : throw new InvalidDataException($"{value} is no {typeof(T).Name}");
    }
}
