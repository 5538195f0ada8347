using System.Globalization;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>How a field looks in C#: its type, its default, and how one tells that it holds the default.</summary>
internal static class CSharpField
{
    public static string TypeOf(FieldDefinition field, MessageModel model)
    {
        string element = ElementTypeOf(field.Type, model);
        string type = field.Type.IsArray ? $"List<{element}>" : element;
        bool nullable = field.IsNullable || (field.Type.Kind == TypeKind.Records && !field.Type.IsArray);
        return nullable ? type + "?" : type;
    }

    public static string ElementTypeOf(FieldType type, MessageModel model) => type.Kind switch
    {
        TypeKind.Bool => "bool",
        TypeKind.Int8 => "sbyte",
        TypeKind.Int16 => "short",
        TypeKind.UInt16 => "ushort",
        TypeKind.Int32 => "int",
        TypeKind.UInt32 => "uint",
        TypeKind.Int64 => "long",
        TypeKind.Float64 => "double",
        TypeKind.Uuid => "Guid",
        TypeKind.String => "string",
        TypeKind.Bytes => "byte[]",
        TypeKind.Records => "ReadOnlySequence<byte>",
        _ => model.ClassNameOf(type.StructName!),
    };

    /// <summary>The default as an expression.</summary>
    public static string DefaultOf(FieldDefinition field, MessageModel model)
    {
        if (field.Default == "null")
        {
            return "null";
        }

        if (field.Type.IsArray)
        {
            return "[]";
        }

        return field.Type.Kind switch
        {
            TypeKind.Bool => field.Default ?? "false",
            TypeKind.Uuid => "Guid.Empty",
            TypeKind.String => field.Default ?? "\"\"",
            TypeKind.Bytes => "[]",
            TypeKind.Records => CanBeNull(field, model) ? "null" : "ReadOnlySequence<byte>.Empty",
            TypeKind.Struct => $"new {model.ClassNameOf(field.Type.StructName!)}()",
            TypeKind.Int64 => LongLiteral(field.Default),
            _ => NumberLiteral(field.Default),
        };
    }

    /// <summary>A condition that holds when the field is not at its default.</summary>
    public static string DiffersFromDefault(FieldDefinition field, MessageModel model)
    {
        string name = field.Name;
        string expected = DefaultOf(field, model);
        if (expected == "null")
        {
            return $"{name} is not null";
        }

        if (field.Type.IsArray)
        {
            return field.IsNullable ? $"{name} is not {{ Count: 0 }}" : $"{name}.Count != 0";
        }

        return field.Type.Kind switch
        {
            TypeKind.Bool => expected == "true" ? $"!{name}" : name,
            TypeKind.String or TypeKind.Bytes when expected is "\"\"" or "[]" =>
                field.IsNullable ? $"{name} is not {{ Length: 0 }}" : $"{name}.Length != 0",
            TypeKind.Struct => field.IsNullable ? $"{name} is not {{ IsDefault: true }}" : $"!{name}.IsDefault",
            _ => $"{name} != {expected}",
        };
    }

    private static bool CanBeNull(FieldDefinition field, MessageModel model) =>
        !field.Nullable.Intersect(model.Message.Versions).IsEmpty;

    private static string NumberLiteral(string? text)
    {
        if (text is null)
        {
            return "0";
        }

        int number = text.StartsWith("0x", StringComparison.Ordinal)
            ? int.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : int.Parse(text, CultureInfo.InvariantCulture);
        return number switch
        {
            int.MinValue => "int.MinValue",
            int.MaxValue => "int.MaxValue",
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static string LongLiteral(string? text) =>
        text == long.MaxValue.ToString(CultureInfo.InvariantCulture) ? "long.MaxValue" : NumberLiteral(text);
}
