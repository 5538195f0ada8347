using Akka.Actor;
using Akka.Serialization;
using Broker.Actors.Coordination;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>The messages between nodes as bytes, with a version in each manifest. Layout: docs/formats/cluster-messages.md.</summary>
public sealed class ClusterSerializer : SerializerWithStringManifest
{
    private const string Request = "request-1";
    private const string Answer = "answer-1";
    private const string Attach = "attach-2";
    private const string Known = "known-1";
    private const string Loss = "loss-1";
    private const string Load = "load-1";
    private const string Leave = "leave-1";
    private const string Leaves = "leaves-1";
    private const string Who = "who-1";
    private const string Here = "here-1";
    private const string Look = "look-1";
    private const string Sought = "sought-1";
    private const string Try = "try-1";
    private const string Tried = "tried-1";

    /// <summary>What it serializes.</summary>
    public static IReadOnlyList<Type> Messages { get; } = [typeof(CoordinatorRequest), typeof(CoordinatorAnswer), typeof(AttachFollower), typeof(RequestsKnown), typeof(MetadataLoss), typeof(NodeLoad), typeof(LeaveInOrder), typeof(LeavesInOrder), typeof(WhoIsThere), typeof(StartIsHere), typeof(LookForStart), typeof(StartIsSought), typeof(TryStore), typeof(StoreIsTried)];

    public ClusterSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <summary>Of this serializer, in a cluster's messages: never another's.</summary>
    public override int Identifier => 7100;

    public override string Manifest(object o) => o switch
    {
        CoordinatorRequest => Request,
        CoordinatorAnswer => Answer,
        AttachFollower => Attach,
        RequestsKnown => Known,
        MetadataLoss => Loss,
        NodeLoad => Load,
        LeaveInOrder => Leave,
        LeavesInOrder => Leaves,
        WhoIsThere => Who,
        StartIsHere => Here,
        LookForStart => Look,
        StartIsSought => Sought,
        TryStore => Try,
        StoreIsTried => Tried,
        _ => throw new ArgumentException($"{o.GetType().Name} is no message between nodes", nameof(o)),
    };

    public override byte[] ToBinary(object obj)
    {
        using MemoryStream bytes = new();
        using BinaryWriter to = new(bytes);
        switch (obj)
        {
            case CoordinatorRequest request:
                to.Write(request.Id);
                CommandCodec.Write(to, request.Command);
                break;
            case CoordinatorAnswer answer:
                WriteAnswer(to, answer);
                break;
            case AttachFollower attach:
                to.Write(attach.Version);
                to.Write(attach.NewestRequest);
                break;
            case RequestsKnown known:
                to.Write(known.NewestRequest);
                to.WriteList(known.Pending, to.Write);
                break;
            case MetadataLoss loss:
                to.WriteText(loss.Reason);
                break;
            case NodeLoad load:
                to.Write(load.Node.Value);
                to.WriteList(load.Streams, one =>
                {
                    to.Write(one.Stream.Value);
                    to.Write(one.BytesPerSecond);
                });
                break;
            case LeaveInOrder or WhoIsThere or TryStore:
                break;
            case LeavesInOrder leaves:
                to.Write(leaves.Node.Value);
                break;
            case StartIsHere here:
                to.Write(here.Node.Value);
                to.WriteGuid(here.Incarnation);
                to.Write(here.IsMember);
                break;
            case LookForStart look:
                to.Write(look.Node.Value);
                to.WriteGuid(look.Incarnation);
                break;
            case StartIsSought sought:
                to.Write(sought.IsFound is not null);
                to.Write(sought.IsFound == true);
                break;
            case StoreIsTried tried:
                to.Write(tried.IsReached);
                break;
            default:
                throw new ArgumentException($"{obj.GetType().Name} is no message between nodes", nameof(obj));
        }

        to.Flush();
        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are no such message, or a newer build's.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        using MemoryStream stream = new(bytes);
        using BinaryReader from = new(stream);
        try
        {
            object message = manifest switch
            {
                Request => new CoordinatorRequest(from.ReadInt64(), CommandCodec.Read(from)),
                Answer => ReadAnswer(from),
                Attach => new AttachFollower(from.ReadInt64(), from.ReadInt64()),
                Known => new RequestsKnown(from.ReadInt64(), from.ReadList(from.ReadInt64)),
                Loss => new MetadataLoss(from.ReadText()),
                Load => new NodeLoad(new NodeId(from.ReadInt32()), from.ReadList(() => (new StreamId(from.ReadInt64()), from.ReadDouble()))),
                Leave => LeaveInOrder.Instance,
                Leaves => new LeavesInOrder(new NodeId(from.ReadInt32())),
                Who => WhoIsThere.Instance,
                Here => new StartIsHere(new NodeId(from.ReadInt32()), from.ReadGuid(), from.ReadBoolean()),
                Look => new LookForStart(new NodeId(from.ReadInt32()), from.ReadGuid()),
                Sought => ReadSought(from),
                Try => TryStore.Instance,
                Tried => new StoreIsTried(from.ReadBoolean()),
                _ => throw new InvalidDataException($"the message '{manifest}' is unknown here"),
            };
            return stream.Position == stream.Length ? message : throw new InvalidDataException($"{stream.Length - stream.Position} bytes follow a message '{manifest}'");
        }
        catch (Exception cut) when (cut is EndOfStreamException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"a message '{manifest}' of {bytes.Length} bytes is damaged: {cut.Message}", cut);
        }
    }

    private static StartIsSought ReadSought(BinaryReader from)
    {
        bool isKnown = from.ReadBoolean();
        bool isFound = from.ReadBoolean();
        return new StartIsSought(isKnown ? isFound : null);
    }

    private static void WriteAnswer(BinaryWriter to, CoordinatorAnswer answer)
    {
        to.Write(answer.PreviousVersion);
        to.Write(answer.Version);
        to.Write(answer.Batch is not null);
        if (answer.Batch is { } batch)
        {
            to.WriteBatch(batch);
        }

        to.WriteList(answer.Replies, one =>
        {
            to.Write(one.Id);
            ReplyCodec.Write(to, one.Reply);
        });
    }

    private static CoordinatorAnswer ReadAnswer(BinaryReader from) => new(
        from.ReadInt64(), from.ReadInt64(), from.ReadBoolean() ? from.ReadBatch() : null, Image: null, from.ReadList(() => (from.ReadInt64(), ReplyCodec.Read(from))));
}
