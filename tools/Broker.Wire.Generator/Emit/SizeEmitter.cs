using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>Emits the method that computes a struct's exact size on the wire.</summary>
internal static class SizeEmitter
{
    public static void Emit(CodeWriter code, StructScope scope)
    {
        int constant = scope.Positional.Where(field => IsConstant(scope, field)).Sum(field => field.Type.FixedSize!.Value);
        code.Line("/// <inheritdoc/>");
        code.Block("public int GetSize(short version)", () =>
        {
            WriteEmitter.EmitChecks(code, scope);
            scope.DeclareFlexible(code);
            code.Line($"int size = {constant};");
            foreach (FieldDefinition field in scope.Positional.Where(field => !IsConstant(scope, field)))
            {
                string? present = scope.Condition(field.Versions);
                if (present != "false")
                {
                    code.LineIf(present, $"size += {SizeExpression(scope, field)};");
                }
            }

            EmitTagged(code, scope);
            code.Line("return size;");
        });
    }

    /// <summary>The size of a tagged field's value.</summary>
    public static string TaggedSize(StructScope scope, FieldDefinition field) => SizeExpression(scope, field);

    private static bool IsConstant(StructScope scope, FieldDefinition field) =>
        !field.Type.IsArray && field.Type.FixedSize is not null && scope.Condition(field.Versions) is null;

    private static void EmitTagged(CodeWriter code, StructScope scope)
    {
        if (!scope.CanBeFlexible)
        {
            return;
        }

        WriteEmitter.EmitUnder(code, scope.Flexible == "true" ? null : "flexible", () =>
        {
            WriteEmitter.DeclareHas(code, scope);
            foreach (FieldDefinition field in scope.Tagged)
            {
                code.LineIf(
                    WriteEmitter.HasName(field),
                    $"size += WireSize.OfTagged({field.Tag}, {SizeExpression(scope, field)});");
            }

            code.Line($"size += WireSize.OfTaggedFields({WriteEmitter.TaggedCount(scope)}, UnknownTaggedFields);");
        });
    }

    private static string SizeExpression(StructScope scope, FieldDefinition field)
    {
        string flexible = scope.FlexibleFor(field);
        FieldType type = field.Type;
        if (type.IsStructArray)
        {
            return $"WireSize.OfArray({field.Name}, version, {flexible})";
        }

        if (type.IsArray)
        {
            return type.FixedSize is int elementSize
                ? $"WireSize.OfFixedArray({field.Name}, {elementSize}, {flexible})"
                : $"WireSize.Of{type.Kind}Array({field.Name}, {flexible})";
        }

        return type.Kind switch
        {
            TypeKind.String or TypeKind.Bytes or TypeKind.Records => $"WireSize.Of{type.Kind}({field.Name}, {flexible})",
            TypeKind.Struct when field.IsNullable => $"1 + ({field.Name}?.GetSize(version) ?? 0)",
            TypeKind.Struct => $"{field.Name}.GetSize(version)",
            _ => type.FixedSize!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}
