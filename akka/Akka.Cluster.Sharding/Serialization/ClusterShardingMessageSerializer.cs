using Akka.Actor;
using Akka.Serialization;

namespace Akka.Cluster.Sharding.Serialization;

/// <summary>
/// What regions and coordinators tell each other, and the questions that a region answers, as bytes (docs/formats/remoting.md). Each message begins with
/// the version of the format: a node that does not know it says so in its log, and drops the message.
/// </summary>
public class ClusterShardingMessageSerializer : SerializerWithStringManifest
{
    /// <summary>Raised with any change of the formats.</summary>
    internal const byte FormatVersion = 1;

    private const string RegisterManifest = "BA";
    private const string RegisterAckManifest = "BC";
    private const string GetShardHomeManifest = "BD";
    private const string ShardHomeManifest = "BE";
    private const string HostShardManifest = "BF";
    private const string BeginHandOffManifest = "BH";
    private const string BeginHandOffAckManifest = "BI";
    private const string HandOffManifest = "BJ";
    private const string ShardStoppedManifest = "BK";
    private const string GracefulShutdownReqManifest = "BL";
    private const string GracefulShutdownAckManifest = "BM";
    private const string StartEntityManifest = "EA";
    private const string StartEntityAckManifest = "EB";
    private const string EnvelopeManifest = "EC";

    private readonly NestedMessages _nested;

    public ClusterShardingMessageSerializer(ExtendedActorSystem system)
        : base(system) => _nested = new NestedMessages(system);

    public override int Identifier => 13;

    public override string Manifest(object o) => o switch
    {
        Register => RegisterManifest,
        RegisterAck => RegisterAckManifest,
        GetShardHome => GetShardHomeManifest,
        ShardHome => ShardHomeManifest,
        HostShard => HostShardManifest,
        BeginHandOff => BeginHandOffManifest,
        BeginHandOffAck => BeginHandOffAckManifest,
        HandOff => HandOffManifest,
        ShardStopped => ShardStoppedManifest,
        GracefulShutdownReq => GracefulShutdownReqManifest,
        GracefulShutdownAck => GracefulShutdownAckManifest,
        ShardRegion.StartEntity => StartEntityManifest,
        StartEntityAck => StartEntityAckManifest,
        ShardingEnvelope => EnvelopeManifest,
        _ => QueryCodec.Manifest(o) ?? throw Unknown(o),
    };

    public override byte[] ToBinary(object obj)
    {
        ByteWriter writer = new();
        writer.WriteByte(FormatVersion);
        switch (obj)
        {
            case Register register:
                writer.WriteBoolean(register.IsProxy);
                QueryCodec.WriteStrings(writer, register.Shards);
                break;
            case ShardHome home:
                writer.WriteString(home.Shard);
                writer.WriteString(Akka.Serialization.Serialization.SerializedActorPath(home.Region));
                break;
            case GetShardHome or HostShard or BeginHandOff or BeginHandOffAck or HandOff or ShardStopped:
                writer.WriteString(ShardOf(obj));
                break;
            case ShardRegion.StartEntity start:
                writer.WriteString(start.EntityId);
                break;
            case StartEntityAck ack:
                writer.WriteString(ack.EntityId);
                writer.WriteString(ack.ShardId);
                break;
            case ShardingEnvelope envelope:
                writer.WriteString(envelope.EntityId);
                _nested.Write(writer, envelope.Message);
                break;
            case RegisterAck or GracefulShutdownReq or GracefulShutdownAck:
                break;
            default:
                if (!QueryCodec.Write(writer, obj))
                {
                    throw Unknown(obj);
                }

                break;
        }

        return writer.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        ByteReader reader = new(bytes);
        byte version = reader.ReadByte();
        if (version != FormatVersion)
        {
            throw new UnknownFormatException($"A message of sharding in version {version} of the format; this node knows version {FormatVersion}.");
        }

        object message = Read(ref reader, manifest);
        reader.ExpectEnd();
        return message;
    }

    private object Read(ref ByteReader reader, string manifest)
    {
        switch (manifest)
        {
            case RegisterManifest:
                bool isProxy = reader.ReadBoolean();
                return new Register(QueryCodec.ReadStrings(ref reader), isProxy);
            case ShardHomeManifest:
                return new ShardHome(reader.ReadString(), system.Provider.ResolveActorRef(reader.ReadString()));
            case GetShardHomeManifest:
                return new GetShardHome(reader.ReadString());
            case HostShardManifest:
                return new HostShard(reader.ReadString());
            case BeginHandOffManifest:
                return new BeginHandOff(reader.ReadString());
            case BeginHandOffAckManifest:
                return new BeginHandOffAck(reader.ReadString());
            case HandOffManifest:
                return new HandOff(reader.ReadString());
            case ShardStoppedManifest:
                return new ShardStopped(reader.ReadString());
            case RegisterAckManifest:
                return RegisterAck.Instance;
            case GracefulShutdownReqManifest:
                return GracefulShutdownReq.Instance;
            case GracefulShutdownAckManifest:
                return GracefulShutdownAck.Instance;
            case StartEntityManifest:
                return new ShardRegion.StartEntity(reader.ReadString());
            case StartEntityAckManifest:
                return new StartEntityAck(reader.ReadString(), reader.ReadString());
            case EnvelopeManifest:
                return new ShardingEnvelope(reader.ReadString(), _nested.Read(ref reader));
            default:
                return QueryCodec.Read(ref reader, manifest)
                    ?? throw new UnknownFormatException($"Unknown manifest '{manifest}' in {nameof(ClusterShardingMessageSerializer)}.");
        }
    }

    private static string ShardOf(object message) => message switch
    {
        GetShardHome asked => asked.Shard,
        HostShard host => host.Shard,
        BeginHandOff begin => begin.Shard,
        BeginHandOffAck ack => ack.Shard,
        HandOff handOff => handOff.Shard,
        ShardStopped stopped => stopped.Shard,
        _ => throw Unknown(message),
    };

    private static ArgumentException Unknown(object obj) => new($"Can't serialize object of type [{obj.GetType()}] in {nameof(ClusterShardingMessageSerializer)}.");
}
