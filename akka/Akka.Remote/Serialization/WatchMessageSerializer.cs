using Akka.Actor;
using Akka.Remote.Watch;
using Akka.Serialization;

namespace Akka.Remote.Serialization;

/// <summary>What the watchers of two systems tell each other.</summary>
internal sealed class WatchMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private const string WatchManifest = "W";
    private const string UnwatchManifest = "U";
    private const string StoppedManifest = "T";
    private const string HeartbeatManifest = "H";
    private const string ResponseManifest = "R";

    public override int Identifier => 22;

    public override string Manifest(object o) => o switch
    {
        WatchPath => WatchManifest,
        UnwatchPath => UnwatchManifest,
        PathStopped => StoppedManifest,
        WatchHeartbeat => HeartbeatManifest,
        WatchHeartbeatResponse => ResponseManifest,
        _ => throw Unknown(o),
    };

    public override byte[] ToBinary(object obj)
    {
        ByteWriter writer = new();
        switch (obj)
        {
            case WatchPath watch:
                writer.WriteString(watch.Path);
                break;
            case UnwatchPath unwatch:
                writer.WriteString(unwatch.Path);
                break;
            case PathStopped stopped:
                writer.WriteString(stopped.Path);
                writer.WriteBoolean(stopped.Existed);
                break;
            case WatchHeartbeat:
                break;
            case WatchHeartbeatResponse response:
                writer.WriteInt32(response.Uid);
                break;
            default:
                throw Unknown(obj);
        }

        return writer.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        ByteReader reader = new(bytes);
        object message = manifest switch
        {
            WatchManifest => new WatchPath(reader.ReadString()),
            UnwatchManifest => new UnwatchPath(reader.ReadString()),
            StoppedManifest => new PathStopped(reader.ReadString(), reader.ReadBoolean()),
            HeartbeatManifest => WatchHeartbeat.Instance,
            ResponseManifest => new WatchHeartbeatResponse(reader.ReadInt32()),
            _ => throw new UnknownFormatException($"Unknown manifest '{manifest}' in {nameof(WatchMessageSerializer)}."),
        };
        reader.ExpectEnd();
        return message;
    }

    private static ArgumentException Unknown(object obj) => new($"Can't serialize object of type [{obj.GetType()}] in {nameof(WatchMessageSerializer)}.");
}
