using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Serialization;

/// <summary>Turns messages into bytes and back. Instances are shared by threads.</summary>
public abstract class Serializer
{
#pragma warning disable IDE1006 // The original's name.
    protected readonly ExtendedActorSystem system;
#pragma warning restore IDE1006

    private int? _identifier;

    protected Serializer(ExtendedActorSystem system) => this.system = system;

    /// <summary>
    /// Names the serializer on the wire; 0 to 40 are the actor system's own. By default from
    /// <c>akka.actor.serialization-identifiers</c>.
    /// </summary>
    public virtual int Identifier => _identifier ??= SerializerIdentifierHelper.GetSerializerIdentifierFromConfig(GetType(), system);

    /// <summary>Whether the type's name goes along with the bytes.</summary>
    public abstract bool IncludeManifest { get; }

    public abstract byte[] ToBinary(object obj);

    /// <exception cref="SerializationException">The bytes are not such a message.</exception>
    public abstract object FromBinary(byte[] bytes, Type type);

    public T FromBinary<T>(byte[] bytes) => (T)FromBinary(bytes, typeof(T));

    /// <summary>As <see cref="ToBinary"/>; references in the message are written as seen from <paramref name="address"/>.</summary>
    public byte[] ToBinaryWithAddress(Address address, object obj) =>
        Serialization.WithTransport(system, address, () => ToBinary(obj));
}

/// <summary>A serializer that names its messages itself, so that their types may move and change.</summary>
public abstract class SerializerWithStringManifest : Serializer
{
    protected SerializerWithStringManifest(ExtendedActorSystem system)
        : base(system)
    {
    }

    public sealed override bool IncludeManifest => true;

    public sealed override object FromBinary(byte[] bytes, Type type) => FromBinary(bytes, type.AssemblyQualifiedName!);

    /// <exception cref="SerializationException">The bytes are not a message of that name.</exception>
    public abstract object FromBinary(byte[] bytes, string manifest);

    /// <summary>The short, lasting name of the message's kind.</summary>
    public abstract string Manifest(object o);
}

public static class SerializerIdentifierHelper
{
    /// <exception cref="ConfigurationException">There is no identifier for that type.</exception>
    public static int GetSerializerIdentifierFromConfig(Type type, ExtendedActorSystem system)
    {
        const string Section = "akka.actor.serialization-identifiers";
        foreach ((string name, Configuration.Hocon.HoconValue identifier) in system.Settings.Config.GetConfig(Section).AsEnumerable())
        {
            if (Type.GetType(name) == type)
            {
                return identifier.GetInt();
            }
        }

        throw new ConfigurationException($"{Section} has no identifier for '{type.AssemblyQualifiedName}', which does not state one.");
    }
}
