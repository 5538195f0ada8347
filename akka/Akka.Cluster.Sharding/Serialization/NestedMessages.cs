using Akka.Actor;
using Akka.Serialization;

namespace Akka.Cluster.Sharding.Serialization;

/// <summary>A message within a message, by the serializer that it is bound to.</summary>
internal sealed class NestedMessages(ExtendedActorSystem system)
{
    public void Write(ByteWriter writer, object message)
    {
        Serializer serializer = system.Serialization.FindSerializerFor(message);
        writer.WriteInt32(serializer.Identifier);
        writer.WriteString(Akka.Serialization.Serialization.ManifestFor(serializer, message));
        writer.WriteBytes(serializer.ToBinary(message));
    }

    public object Read(ref ByteReader reader)
    {
        int serializer = reader.ReadInt32();
        string manifest = reader.ReadString();
        return system.Serialization.Deserialize(reader.ReadBytes(), serializer, manifest);
    }
}
