using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>Emits what lists all APIs: the enum of keys, the version table, and the two decoders.</summary>
internal static class CatalogEmitter
{
    public static string EmitApiKey(IReadOnlyList<MessageDefinition> requests)
    {
        CodeWriter code = Start("Broker.Wire");
        code.Line("/// <summary>The number by which a request names its API.</summary>");
        code.Block("public enum ApiKey : short", () =>
        {
            foreach (MessageDefinition request in requests)
            {
                code.Line($"{request.ApiName} = {request.ApiKey},");
            }
        });
        return code.ToString();
    }

    public static string EmitTable(IReadOnlyList<MessageDefinition> requests)
    {
        CodeWriter code = Start("Broker.Wire");
        code.Block("public static partial class ApiCatalog", () =>
        {
            code.Line("private static ApiVersionRange[] CreateTable() =>");
            code.Line("[");
            foreach (MessageDefinition request in requests)
            {
                string flexible = request.Flexible.IsEmpty ? "short.MaxValue" : $"{request.Flexible.First}";
                code.Line($"    new(ApiKey.{request.ApiName}, {request.Versions.First}, {request.Versions.Last}, {request.LastStable}, {flexible}),");
            }

            code.Line("];");
        });
        return code.ToString();
    }

    public static string EmitDecoder(IReadOnlyList<MessageDefinition> requests, MessageRole role)
    {
        CodeWriter code = Start("Broker.Wire", "Broker.Wire.Messages", "Broker.Wire.Primitives");
        string contract = $"IKafka{role}";
        string noun = role.ToString().ToLowerInvariant();
        code.Line($"/// <summary>Reads the body of any {noun} by its API key and version.</summary>");
        code.Block($"public static class {role}Decoder", () =>
        {
            code.Line($"/// <summary>Reads one {noun} body; what follows it is left unread.</summary>");
            code.Line("/// <exception cref=\"UnsupportedVersionException\">No such API, or not in that version.</exception>");
            code.Line($"/// <exception cref=\"MalformedMessageException\">The bytes are no such {noun}.</exception>");
            code.Line($"public static {contract} Decode(ApiKey apiKey, short version, ref WireReader reader) => apiKey switch");
            code.Line("{");
            foreach (MessageDefinition request in requests)
            {
                code.Line($"    ApiKey.{request.ApiName} => {request.ApiName}{role}.Read(ref reader, version),");
            }

            code.Line("    _ => throw new UnsupportedVersionException(apiKey),");
            code.Line("};");
        });
        return code.ToString();
    }

    private static CodeWriter Start(string name, params string[] usings)
    {
        CodeWriter code = new();
        FileHeader.Emit(code);
        foreach (string used in usings.Where(used => used != name))
        {
            code.Line($"using {used};");
        }

        if (usings.Length > 0)
        {
            code.Line();
        }

        code.Line($"namespace {name};");
        code.Line();
        return code;
    }
}
