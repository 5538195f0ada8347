using Akka.Actor;
using Akka.Serialization;

namespace Akka.Remote.Serialization;

/// <summary>The actor system's own messages that go between nodes. A failure arrives as its text: its type may not exist there.</summary>
public sealed class MiscMessageSerializer : SerializerWithStringManifest
{
    private const string IdentifyManifest = "ID";
    private const string IdentityManifest = "AID";
    private const string ActorRefManifest = "AR";
    private const string PoisonPillManifest = "PP";
    private const string KillManifest = "K";
    private const string SuccessManifest = "ST";
    private const string FailureManifest = "SF";
    private const string DoneManifest = "D";

    public MiscMessageSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    public override int Identifier => 16;

    public override string Manifest(object obj) => obj switch
    {
        Identify => IdentifyManifest,
        ActorIdentity => IdentityManifest,
        IActorRef => ActorRefManifest,
        PoisonPill => PoisonPillManifest,
        Kill => KillManifest,
        Status.Success => SuccessManifest,
        Status.Failure => FailureManifest,
        Done => DoneManifest,
        _ => throw Unknown(obj),
    };

    public override byte[] ToBinary(object obj)
    {
        ByteWriter writer = new();
        switch (obj)
        {
            case Identify identify:
                WriteNested(writer, identify.MessageId);
                break;
            case ActorIdentity identity:
                WriteNested(writer, identity.MessageId);
                writer.WriteString(Akka.Serialization.Serialization.SerializedActorPath(identity.Subject!));
                break;
            case IActorRef actor:
                writer.WriteString(Akka.Serialization.Serialization.SerializedActorPath(actor));
                break;
            case Status.Success success:
                WriteNested(writer, success.Status);
                break;
            case Status.Failure failure:
                writer.WriteString(failure.Cause?.Message ?? "");
                break;
            case PoisonPill or Kill or Done:
                break;
            default:
                throw Unknown(obj);
        }

        return writer.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        ByteReader reader = new(bytes);
        object message = Read(ref reader, manifest);
        reader.ExpectEnd();
        return message;
    }

    private object Read(ref ByteReader reader, string manifest)
    {
        switch (manifest)
        {
            case IdentifyManifest:
                return new Identify(ReadNested(ref reader)!);
            case IdentityManifest:
                object messageId = ReadNested(ref reader)!;
                string subject = reader.ReadString();
                return new ActorIdentity(messageId, subject.Length == 0 ? null : system.Provider.ResolveActorRef(subject));
            case ActorRefManifest:
                return system.Provider.ResolveActorRef(reader.ReadString());
            case PoisonPillManifest:
                return PoisonPill.Instance;
            case KillManifest:
                return Kill.Instance;
            case SuccessManifest:
                return new Status.Success(ReadNested(ref reader));
            case FailureManifest:
                return new Status.Failure(new RemoteFailureException(reader.ReadString()));
            case DoneManifest:
                return Done.Instance;
            default:
                throw new UnknownFormatException($"Unknown manifest '{manifest}' in {nameof(MiscMessageSerializer)}.");
        }
    }

    private void WriteNested(ByteWriter writer, object? message)
    {
        if (message is null)
        {
            writer.WriteInt32(0);
            return;
        }

        Serializer serializer = system.Serialization.FindSerializerFor(message);
        writer.WriteInt32(serializer.Identifier);
        writer.WriteString(Akka.Serialization.Serialization.ManifestFor(serializer, message));
        writer.WriteBytes(serializer.ToBinary(message));
    }

    private object? ReadNested(ref ByteReader reader)
    {
        int serializer = reader.ReadInt32();
        if (serializer == 0)
        {
            return null;
        }

        string manifest = reader.ReadString();
        return system.Serialization.Deserialize(reader.ReadBytes(), serializer, manifest);
    }

    private static ArgumentException Unknown(object obj) => new($"Can't serialize object of type [{obj.GetType()}] in {nameof(MiscMessageSerializer)}.");

    /// <summary>A failure on another node.</summary>
    private sealed class RemoteFailureException(string message) : AkkaException(message)
    {
    }
}
