using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Serialization;

/// <summary>
/// The system's serializers, by the types they are bound to (<c>akka.actor.serializers</c>, <c>serialization-bindings</c>,
/// <c>serialization-identifiers</c>). There is no serializer for everything: a type that is bound to none has none.
/// </summary>
public class Serialization
{
    /// <summary>Messages within each other. 16: three are the most that is sent; each takes a copy of those within it, and a piece of the stack.</summary>
    private const int MaxDepth = 16;

    [ThreadStatic]
    private static Information? _currentTransport;

    [ThreadStatic]
    private static int _depth;

    private readonly ConcurrentDictionary<int, Serializer> _byIdentifier = new();
    private readonly ConcurrentDictionary<string, Serializer> _byName = new();

    /// <summary>What is bound, and what was found for a type; bounded by the number of message types.</summary>
    private readonly ConcurrentDictionary<Type, Serializer> _bindings = new();

    private readonly ConcurrentDictionary<Type, Serializer> _found = new();

    /// <exception cref="ConfigurationException">The settings name a type or a serializer that does not exist.</exception>
    public Serialization(ExtendedActorSystem system)
    {
        System = system;
        Config config = system.Settings.Config.GetConfig("akka.actor");
        foreach ((string name, Configuration.Hocon.HoconValue type) in config.GetConfig("serializers").AsEnumerable())
        {
            AddSerializer(name, Create(name, type.GetString()));
        }

        foreach ((string type, Configuration.Hocon.HoconValue name) in config.GetConfig("serialization-bindings").AsEnumerable())
        {
            Type bound = Type.GetType(type)
                ?? throw new ConfigurationException($"akka.actor.serialization-bindings names the unknown type '{type}'.");
            AddSerializationMap(bound, Named(name.GetString()));
        }
    }

    public ExtendedActorSystem System { get; }

    /// <summary>Where the message goes that is being written on this thread; null when none is.</summary>
    public static Information? GetCurrentTransportInformation() => _currentTransport;

    public static T WithTransport<T>(ActorSystem system, Address address, Func<T> action)
    {
        Information? outer = SetCurrentTransport(new Information(address, system));
        try
        {
            return action();
        }
        finally
        {
            SetCurrentTransport(outer);
        }
    }

    public static T WithTransport<T>(ExtendedActorSystem system, Func<T> action) =>
        WithTransport(system, system.Provider.DefaultAddress, action);

    /// <summary>The reference as text that every node of the cluster can resolve; empty for no reference.</summary>
    public static string SerializedActorPath(IActorRef actorRef)
    {
        if (actorRef.IsNobody())
        {
            return "";
        }

        Address? own = _currentTransport?.Address ?? (actorRef as IInternalActorRef)?.SystemImpl.Provider.DefaultAddress;
        return own is null ? actorRef.Path.ToSerializationFormat() : actorRef.Path.ToSerializationFormatWithAddress(own);
    }

    /// <summary>What goes along with the bytes to name their kind; empty when the serializer needs nothing.</summary>
    public static string ManifestFor(Serializer s, object msg) => s switch
    {
        SerializerWithStringManifest named => named.Manifest(msg),
        { IncludeManifest: true } => msg.GetType().AssemblyQualifiedName!,
        _ => "",
    };

    public void AddSerializer(Serializer serializer) => _byIdentifier[serializer.Identifier] = serializer;

    public void AddSerializer(string name, Serializer serializer)
    {
        _byName[name] = serializer;
        AddSerializer(serializer);
    }

    public void AddSerializationMap(Type type, Serializer serializer)
    {
        _bindings[type] = serializer;
        _found.Clear();
    }

    public byte[] Serialize(object o) => WithTransport(System, () => FindSerializerFor(o).ToBinary(o));

    /// <exception cref="SerializationException">There is no such serializer, or it does not know the bytes.</exception>
    public object Deserialize(byte[] bytes, int serializerId, Type type) => ById(serializerId).FromBinary(bytes, type);

    /// <exception cref="SerializationException">There is no such serializer, or it does not know the bytes.</exception>
    public object Deserialize(byte[] bytes, int serializerId, string manifest)
    {
        if (_depth >= MaxDepth)
        {
            throw new SerializationException($"More than {MaxDepth} messages within each other.");
        }

        _depth++;
        try
        {
            return Deserialize(bytes, ById(serializerId), manifest);
        }
        finally
        {
            _depth--;
        }
    }

    public IActorRef DeserializeActorRef(string path) => System.Provider.ResolveActorRef(path);

    /// <exception cref="SerializationException">The message's type is bound to none.</exception>
    public Serializer FindSerializerFor(object obj, string? defaultSerializerName = null) =>
        FindSerializerForType(obj.GetType(), defaultSerializerName);

    /// <summary>The serializer of the most special type that the given one is or implements.</summary>
    /// <exception cref="SerializationException">The type is bound to none.</exception>
    public Serializer FindSerializerForType(Type objectType, string? defaultSerializerName = null)
    {
        if (_found.TryGetValue(objectType, out Serializer? found))
        {
            return found;
        }

        if (!_bindings.TryGetValue(objectType, out Serializer? serializer))
        {
            Type? best = null;
            foreach (Type bound in _bindings.Keys.Where(bound => bound.IsAssignableFrom(objectType)))
            {
                best = best is null || best.IsAssignableFrom(bound) ? bound : best;
            }

            serializer = best is not null ? _bindings[best] : null;
        }

        serializer ??= defaultSerializerName is not null ? Named(defaultSerializerName) : null;
        return serializer is null
            ? throw new SerializationException(
                $"No serializer for {objectType}: bind it, or an interface that it implements, in akka.actor.serialization-bindings.")
            : _found[objectType] = serializer;
    }

    /// <returns>What was set before, to be set again afterwards.</returns>
    internal static Information? SetCurrentTransport(Information? transport)
    {
        Information? outer = _currentTransport;
        _currentTransport = transport;
        return outer;
    }

    private object Deserialize(byte[] bytes, Serializer serializer, string manifest)
    {
        if (serializer is SerializerWithStringManifest named)
        {
            return named.FromBinary(bytes, manifest);
        }

        // Only names of types that a serializer is bound to are looked up: the name may come from anywhere.
        Type? type = string.IsNullOrEmpty(manifest) ? null : _bindings.Keys.FirstOrDefault(bound => bound.AssemblyQualifiedName == manifest);
        return type is null && serializer.IncludeManifest
            ? throw new SerializationException($"The manifest '{manifest}' names no type that serializer [{serializer.Identifier}] is bound to.")
            : serializer.FromBinary(bytes, type!);
    }

    private Serializer ById(int identifier) => _byIdentifier.TryGetValue(identifier, out Serializer? serializer)
        ? serializer
        : throw new UnknownFormatException($"There is no serializer with the identifier [{identifier}]; is akka.actor.serializers the same on all nodes?");

    private Serializer Named(string name) => _byName.TryGetValue(name, out Serializer? serializer)
        ? serializer
        : throw new ConfigurationException($"There is no serializer '{name}' in akka.actor.serializers.");

    private Serializer Create(string name, string typeName)
    {
        Type type = Type.GetType(typeName)
            ?? throw new ConfigurationException($"akka.actor.serializers.{name} names the unknown type '{typeName}'.");
        const BindingFlags AnyInstance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        bool takesConfig = type.GetConstructor(AnyInstance, [typeof(ExtendedActorSystem), typeof(Config)]) is not null;
        object[] args = takesConfig
            ? [System, System.Settings.Config.GetConfig($"akka.actor.serialization-settings.{name}")]
            : [System];
        return (Serializer)Activator.CreateInstance(type, AnyInstance, null, args, null)!;
    }
}
