using System.Reflection;
using Broker.TestSupport;
using Broker.Wire.Generator;
using Broker.Wire.Generator.Schema;
using Broker.Wire.Primitives;

namespace Broker.Wire.Property;

/// <summary>Reads any message, by its schema, without knowing its class at compile time.</summary>
internal delegate IKafkaMessage MessageRead(ref WireReader reader, short version);

/// <summary>A message of the schema with the class that was generated for it.</summary>
internal sealed record CatalogEntry(MessageDefinition Definition, Type Class, MessageRead Read)
{
    public IEnumerable<short> Versions =>
        Enumerable.Range(Definition.Versions.First, Definition.Versions.Last - Definition.Versions.First + 1).Select(version => (short)version);
}

/// <summary>Every message that the schema defines.</summary>
internal static class MessageCatalog
{
    public static IReadOnlyList<CatalogEntry> All { get; } =
        [.. WireGenerator.ReadSchema(Path.Combine(RepoRoot.Path, "schema")).Select(Load)];

    private static CatalogEntry Load(MessageDefinition definition)
    {
        Type type = typeof(IKafkaMessage).Assembly.GetType($"Broker.Wire.Messages.{definition.Name}", throwOnError: true)!;
        MethodInfo bind = typeof(MessageCatalog).GetMethod(nameof(Bind), BindingFlags.NonPublic | BindingFlags.Static)!;
        return new CatalogEntry(definition, type, (MessageRead)bind.MakeGenericMethod(type).Invoke(null, null)!);
    }

    private static MessageRead Bind<T>()
        where T : class, IKafkaMessage, IReadable<T> =>
        (ref WireReader reader, short version) => T.Read(ref reader, version);
}
