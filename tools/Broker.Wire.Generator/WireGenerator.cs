using Broker.Wire.Generator.Emit;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator;

/// <summary>Turns the schema folder into C# files.</summary>
public static class WireGenerator
{
    /// <summary>Every message that the files of <paramref name="schemaFolder"/> define, in order of file name.</summary>
    /// <exception cref="SchemaException">Where and why a file cannot be understood.</exception>
    public static IReadOnlyList<MessageDefinition> ReadSchema(string schemaFolder)
    {
        List<MessageDefinition> messages = [];
        foreach (string path in Directory.GetFiles(schemaFolder, "*.txt").Order(StringComparer.Ordinal))
        {
            messages.AddRange(SchemaParser.Parse(Path.GetFileName(path), File.ReadAllText(path)));
        }

        foreach (MessageDefinition message in messages)
        {
            SchemaValidator.Validate(message);
        }

        return messages;
    }

    /// <summary>The generated files: name (without folder) to contents.</summary>
    public static IReadOnlyDictionary<string, string> Generate(IReadOnlyList<MessageDefinition> messages)
    {
        MessageDefinition[] requests = [.. messages.Where(message => message.Role == MessageRole.Request).OrderBy(message => message.ApiKey)];
        Dictionary<string, string> files = messages.ToDictionary(message => $"{message.Name}.g.cs", MessageEmitter.Emit);
        files["ApiKey.g.cs"] = CatalogEmitter.EmitApiKey(requests);
        files["ApiCatalog.g.cs"] = CatalogEmitter.EmitTable(requests);
        files["RequestDecoder.g.cs"] = CatalogEmitter.EmitDecoder(requests, MessageRole.Request);
        files["ResponseDecoder.g.cs"] = CatalogEmitter.EmitDecoder(requests, MessageRole.Response);
        return files;
    }
}
