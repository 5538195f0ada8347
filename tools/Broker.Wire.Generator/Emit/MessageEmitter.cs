using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>Emits one message: a class with its structs nested in it.</summary>
internal static class MessageEmitter
{
    public static string Emit(MessageDefinition message)
    {
        MessageModel model = new(message);
        CodeWriter code = new();
        FileHeader.Emit(code);
        code.Line("using System.Buffers;");
        code.Line("using Broker.Wire.Primitives;");
        code.Line();
        code.Line("namespace Broker.Wire.Messages;");
        code.Line();
        EmitClass(code, model.Body, () =>
        {
            foreach (StructScope nested in model.Structs)
            {
                code.Line();
                EmitClass(code, nested, () => { });
            }
        });
        return code.ToString();
    }

    private static void EmitClass(CodeWriter code, StructScope scope, Action emitNested)
    {
        MessageDefinition message = scope.Model.Message;
        code.Line($"/// <summary>{(scope.IsBody ? $"{message.Summary} Versions {message.Versions}." : $"{scope.Definition.Name} of {message.Name}.")}</summary>");
        string contract = scope.IsBody ? Contract(message) : "IWireStruct";
        code.Block($"public sealed class {scope.ClassName} : {contract}, IReadable<{scope.ClassName}>", () =>
        {
            if (scope.IsBody)
            {
                EmitConstants(code, message);
            }

            code.Line("/// <summary>All fields at their defaults.</summary>");
            EmitConstructor(code, scope);
            code.Line();
            ReadEmitter.Emit(code, scope);
            EmitProperties(code, scope);
            code.Line();
            EmitRead(code, scope);
            code.Line();
            SizeEmitter.Emit(code, scope);
            code.Line();
            WriteEmitter.Emit(code, scope);
            EmitIsDefault(code, scope);
            WriteEmitter.EmitRequireExpressible(code, scope);
            emitNested();
        });
    }

    private static string Contract(MessageDefinition message) => message.Role switch
    {
        MessageRole.Request => "IKafkaRequest",
        MessageRole.Response => "IKafkaResponse",
        _ => "IKafkaMessage",
    };

    private static void EmitConstants(CodeWriter code, MessageDefinition message)
    {
        string flexible = message.Flexible.IsEmpty ? "short.MaxValue" : $"{message.Flexible.First}";
        code.Line($"public const short LowestVersion = {message.Versions.First};");
        code.Line($"public const short HighestVersion = {message.Versions.Last};");
        code.Line();
        code.Line("/// <summary>The first version with compact lengths and tagged fields; <see cref=\"short.MaxValue\"/> when none has.</summary>");
        code.Line($"public const short FirstFlexibleVersion = {flexible};");
        code.Line();
        if (message.ApiName is not null)
        {
            code.Line($"public const ApiKey Api = ApiKey.{message.ApiName};");
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line("public ApiKey ApiKey => Api;");
            code.Line();
        }
    }

    private static void EmitConstructor(CodeWriter code, StructScope scope)
    {
        code.Block($"public {scope.ClassName}()", () =>
        {
            foreach (FieldDefinition field in scope.Definition.Fields)
            {
                string value = CSharpField.DefaultOf(field, scope.Model);
                if (value is not ("null" or "0" or "false" or "Guid.Empty"))
                {
                    code.Line($"{field.Name} = {value};");
                }
            }
        });
    }

    private static void EmitProperties(CodeWriter code, StructScope scope)
    {
        foreach (FieldDefinition field in scope.Definition.Fields)
        {
            code.Line();
            code.Line($"/// <summary>{Describe(field)}</summary>");
            code.Line($"public {CSharpField.TypeOf(field, scope.Model)} {field.Name} {{ get; set; }}");
        }

        if (scope.CanBeFlexible)
        {
            code.Line();
            code.Line("/// <summary>Tagged fields that this schema does not know, kept as they came.</summary>");
            code.Line("public List<RawTaggedField>? UnknownTaggedFields { get; set; }");
        }
    }

    private static string Describe(FieldDefinition field)
    {
        string text = field.Versions == VersionRange.All ? "All versions" : $"Versions {field.Versions}";
        text += field.Tag is int tag ? $", tag {tag}" : "";
        text += field.IsNullable ? field.Nullable == field.Versions ? ", may be null" : $", may be null in versions {field.Nullable}" : "";
        text += field.Default is string value ? $", default {value}" : "";
        text += field.Ignorable && field.Versions != VersionRange.All ? "; dropped silently elsewhere" : "";
        return text + ".";
    }

    private static void EmitRead(CodeWriter code, StructScope scope)
    {
        code.Line("/// <inheritdoc/>");
        if (!scope.IsBody)
        {
            code.Line($"public static {scope.ClassName} Read(ref WireReader reader, short version) => new(ref reader, version);");
            return;
        }

        code.Block($"public static {scope.ClassName} Read(ref WireReader reader, short version)", () =>
        {
            code.Line($"UnsupportedVersionException.ThrowUnlessWithin(version, LowestVersion, HighestVersion, \"{scope.ClassName}\");");
            code.Line($"return new {scope.ClassName}(ref reader, version);");
        });
    }

    private static void EmitIsDefault(CodeWriter code, StructScope scope)
    {
        bool isAsked = scope.Model.Message.Structs.Append(scope.Model.Message.Body)
            .SelectMany(definition => definition.Fields)
            .Any(field => field.Type.IsStruct && field.Type.StructName == scope.Definition.Name);
        if (!isAsked || scope.IsBody)
        {
            return;
        }

        List<string> differences = [.. scope.Definition.Fields.Select(field => CSharpField.DiffersFromDefault(field, scope.Model))];
        if (scope.CanBeFlexible)
        {
            differences.Add("UnknownTaggedFields is { Count: > 0 }");
        }

        code.Line();
        code.Line("/// <summary>Whether every field holds its default, so that a tagged field of this type stays off the wire.</summary>");
        code.Line($"internal bool IsDefault => !({string.Join(" || ", differences)});");
    }
}
