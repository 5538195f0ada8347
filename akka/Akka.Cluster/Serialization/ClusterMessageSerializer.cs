using Akka.Actor;
using Akka.Serialization;
using Akka.Util;

namespace Akka.Cluster.Serialization;

/// <summary>
/// What the clusters' own actors tell each other, as bytes (docs/formats/remoting.md). Each message begins with the version of the
/// format: a node that does not know it says so in its log, and drops the message.
/// </summary>
public class ClusterMessageSerializer : SerializerWithStringManifest
{
    /// <summary>Raised with any change of the formats.</summary>
    internal const byte FormatVersion = 1;

    private const string InitJoinManifest = "IJ";
    private const string InitJoinAckManifest = "IJA";
    private const string InitJoinNackManifest = "IJN";
    private const string JoinManifest = "J";
    private const string WelcomeManifest = "W";
    private const string GossipManifest = "GE";
    private const string GossipStatusManifest = "GS";
    private const string ExitingConfirmedManifest = "EC";
    private const string HeartbeatManifest = "HB";
    private const string HeartbeatResponseManifest = "HBR";

    public ClusterMessageSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    public override int Identifier => 5;

    public override string Manifest(object o) => o switch
    {
        InitJoin => InitJoinManifest,
        InitJoinAck => InitJoinAckManifest,
        InitJoinNack => InitJoinNackManifest,
        Join => JoinManifest,
        Welcome => WelcomeManifest,
        GossipEnvelope => GossipManifest,
        GossipStatus => GossipStatusManifest,
        ExitingConfirmed => ExitingConfirmedManifest,
        Heartbeat => HeartbeatManifest,
        HeartbeatResponse => HeartbeatResponseManifest,
        _ => throw Unknown(o),
    };

    public override byte[] ToBinary(object obj)
    {
        ByteWriter writer = new();
        writer.WriteByte(FormatVersion);
        switch (obj)
        {
            case InitJoin:
                break;
            case InitJoinAck ack:
                GossipCodec.WriteAddress(writer, ack.Address);
                break;
            case InitJoinNack nack:
                GossipCodec.WriteAddress(writer, nack.Address);
                break;
            case Join join:
                GossipCodec.WriteNode(writer, join.Node);
                GossipCodec.WriteRoles(writer, join.Roles);
                writer.WriteString(join.AppVersion.Version);
                break;
            case Welcome welcome:
                GossipCodec.WriteNode(writer, welcome.From);
                GossipCodec.Write(writer, welcome.Gossip);
                break;
            case GossipEnvelope envelope:
                GossipCodec.WriteNode(writer, envelope.From);
                GossipCodec.WriteNode(writer, envelope.To);
                GossipCodec.Write(writer, envelope.Gossip);
                break;
            case GossipStatus status:
                GossipCodec.WriteNode(writer, status.From);
                GossipCodec.WriteVersion(writer, status.Version);
                writer.WriteInt32(status.SeenCount);
                break;
            case ExitingConfirmed confirmed:
                GossipCodec.WriteNode(writer, confirmed.Node);
                break;
            case Heartbeat heartbeat:
                GossipCodec.WriteAddress(writer, heartbeat.From);
                writer.WriteInt64(heartbeat.SequenceNumber);
                break;
            case HeartbeatResponse response:
                GossipCodec.WriteNode(writer, response.From);
                writer.WriteInt64(response.SequenceNumber);
                break;
            default:
                throw Unknown(obj);
        }

        return writer.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        ByteReader reader = new(bytes);
        byte version = reader.ReadByte();
        if (version != FormatVersion)
        {
            throw new UnknownFormatException($"A message of the cluster in version {version} of the format; this node knows version {FormatVersion}.");
        }

        object message = Read(ref reader, manifest);
        reader.ExpectEnd();
        return message;
    }

    private static IClusterMessage Read(ref ByteReader reader, string manifest) => manifest switch
    {
        InitJoinManifest => InitJoin.Instance,
        InitJoinAckManifest => new InitJoinAck(GossipCodec.ReadAddress(ref reader)),
        InitJoinNackManifest => new InitJoinNack(GossipCodec.ReadAddress(ref reader)),
        JoinManifest => new Join(GossipCodec.ReadNode(ref reader), GossipCodec.ReadRoles(ref reader), AppVersion.Create(reader.ReadString())),
        WelcomeManifest => new Welcome(GossipCodec.ReadNode(ref reader), GossipCodec.Read(ref reader)),
        GossipManifest => new GossipEnvelope(GossipCodec.ReadNode(ref reader), GossipCodec.ReadNode(ref reader), GossipCodec.Read(ref reader)),
        GossipStatusManifest => new GossipStatus(GossipCodec.ReadNode(ref reader), GossipCodec.ReadVersion(ref reader), reader.ReadInt32()),
        ExitingConfirmedManifest => new ExitingConfirmed(GossipCodec.ReadNode(ref reader)),
        HeartbeatManifest => new Heartbeat(GossipCodec.ReadAddress(ref reader), reader.ReadInt64()),
        HeartbeatResponseManifest => new HeartbeatResponse(GossipCodec.ReadNode(ref reader), reader.ReadInt64()),
        _ => throw new UnknownFormatException($"Unknown manifest '{manifest}' in {nameof(ClusterMessageSerializer)}."),
    };

    private static ArgumentException Unknown(object obj) => new($"Can't serialize object of type [{obj.GetType()}] in {nameof(ClusterMessageSerializer)}.");
}
