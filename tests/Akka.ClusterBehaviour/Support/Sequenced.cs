using System.Buffers.Binary;
using System.Text;
using Akka.Actor;
using Akka.Serialization;

namespace Akka.ClusterBehaviour;

/// <summary>A numbered message that may carry a reference, with its serializer: as an application writes them.</summary>
public sealed record Sequenced(long Number, IActorRef? From);

public sealed class SequencedSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private readonly ExtendedActorSystem _system = system;

    public override int Identifier => 4711;

    public override string Manifest(object o) => "seq";

    public override byte[] ToBinary(object obj)
    {
        Sequenced message = (Sequenced)obj;
        string from = message.From is null ? "" : Akka.Serialization.Serialization.SerializedActorPath(message.From);
        byte[] bytes = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(from)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, message.Number);
        Encoding.UTF8.GetBytes(from, bytes.AsSpan(sizeof(long)));
        return bytes;
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        string from = Encoding.UTF8.GetString(bytes.AsSpan(sizeof(long)));
        return new Sequenced(BinaryPrimitives.ReadInt64BigEndian(bytes), from.Length == 0 ? null : _system.Provider.ResolveActorRef(from));
    }
}
