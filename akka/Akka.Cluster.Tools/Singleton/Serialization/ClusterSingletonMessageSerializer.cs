using Akka.Actor;
using Akka.Serialization;

namespace Akka.Cluster.Tools.Singleton.Serialization;

/// <summary>What managers of singletons tell each other, as bytes (docs/formats/remoting.md): the version of the format, and nothing else so far.</summary>
public class ClusterSingletonMessageSerializer : SerializerWithStringManifest
{
    /// <summary>Raised with any change of the formats.</summary>
    internal const byte FormatVersion = 1;

    private const string HandOverToMeManifest = "A";
    private const string HandOverDoneManifest = "C";

    public ClusterSingletonMessageSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    public override int Identifier => 14;

    public override string Manifest(object o) => o switch
    {
        HandOverToMe => HandOverToMeManifest,
        HandOverDone => HandOverDoneManifest,
        _ => throw Unknown(o),
    };

    public override byte[] ToBinary(object obj) => obj is HandOverToMe or HandOverDone ? [FormatVersion] : throw Unknown(obj);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        ByteReader reader = new(bytes);
        byte version = reader.ReadByte();
        if (version != FormatVersion)
        {
            throw new UnknownFormatException($"A message of singletons in version {version} of the format; this node knows version {FormatVersion}.");
        }

        reader.ExpectEnd();
        return manifest switch
        {
            HandOverToMeManifest => HandOverToMe.Instance,
            HandOverDoneManifest => HandOverDone.Instance,
            _ => throw new UnknownFormatException($"Unknown manifest '{manifest}' in {nameof(ClusterSingletonMessageSerializer)}."),
        };
    }

    private static ArgumentException Unknown(object obj) => new($"Can't serialize object of type [{obj.GetType()}] in {nameof(ClusterSingletonMessageSerializer)}.");
}
