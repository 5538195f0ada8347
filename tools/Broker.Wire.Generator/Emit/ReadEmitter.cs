using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>Emits the constructor that reads a struct from the wire.</summary>
internal static class ReadEmitter
{
    public static void Emit(CodeWriter code, StructScope scope)
    {
        code.Block($"private {scope.ClassName}(ref WireReader reader, short version)", () =>
        {
            scope.DeclareFlexible(code);
            foreach (FieldDefinition field in scope.Positional)
            {
                EmitPositional(code, scope, field);
            }

            foreach (FieldDefinition field in scope.Tagged)
            {
                code.Line($"{field.Name} = {CSharpField.DefaultOf(field, scope.Model)};");
            }

            EmitTagged(code, scope);
        });
    }

    private static void EmitPositional(CodeWriter code, StructScope scope, FieldDefinition field)
    {
        string? present = scope.Condition(field.Versions);
        string fallback = CSharpField.DefaultOf(field, scope.Model);
        code.Line(present switch
        {
            null => $"{field.Name} = {ReadExpression(scope, field)};",
            "false" => $"{field.Name} = {fallback};",
            _ => $"{field.Name} = {present} ? {Parenthesize(ReadExpression(scope, field))} : {Cast(field, scope)}{fallback};",
        });
    }

    /// <summary>What makes the type of a conditional that of a field narrower than int.</summary>
    private static string Cast(FieldDefinition field, StructScope scope) =>
        !field.Type.IsArray && field.Type.FixedSize < sizeof(int) && field.Type.Kind != TypeKind.Bool
            ? $"({CSharpField.ElementTypeOf(field.Type, scope.Model)})"
            : "";

    private static void EmitTagged(CodeWriter code, StructScope scope)
    {
        if (!scope.CanBeFlexible)
        {
            return;
        }

        string? always = scope.Flexible == "true" ? null : "flexible";
        if (scope.Tagged.Count == 0)
        {
            code.LineIf(always, "UnknownTaggedFields = reader.ReadUnknownTaggedFields();");
        }
        else if (always is null)
        {
            EmitTaggedLoop(code, scope);
        }
        else
        {
            code.Block($"if ({always})", () => EmitTaggedLoop(code, scope));
        }
    }

    private static void EmitTaggedLoop(CodeWriter code, StructScope scope)
    {
        code.Block("for (int left = reader.ReadTaggedFieldCount(); left > 0; left--)", () =>
        {
            code.Line("uint tag = reader.BeginTaggedField(out long end);");
            code.Block("switch (tag)", () =>
            {
                foreach (FieldDefinition field in scope.Tagged)
                {
                    string? present = scope.Condition(field.Versions.Intersect(scope.Model.Message.Flexible));
                    bool impliedByFlexible = field.Versions.Covers(scope.Model.Message.Flexible.Intersect(scope.Reachable));
                    string guard = present is null || impliedByFlexible ? "" : $" when {present}";
                    code.Line($"case {field.Tag}{guard}:");
                    code.Line($"    {field.Name} = {ReadExpression(scope, field)};");
                    code.Line("    break;");
                }

                code.Line("default:");
                code.Line("    UnknownTaggedFields = reader.ReadUnknownTaggedField(UnknownTaggedFields, tag, end);");
                code.Line("    break;");
            });
            code.Line();
            code.Line("reader.EndTaggedField(end);");
        });
    }

    private static string ReadExpression(StructScope scope, FieldDefinition field)
    {
        VersionRange present = field.Versions.Intersect(scope.Reachable);
        if (field.Nullable.Intersect(present).IsEmpty)
        {
            return ReadExpression(scope, field, nullable: false);
        }

        if (field.Nullable.Covers(present))
        {
            return ReadExpression(scope, field, nullable: true);
        }

        string condition = scope.Condition(field.Nullable)!;
        return $"{condition} ? {ReadExpression(scope, field, nullable: true)} : {ReadExpression(scope, field, nullable: false)}";
    }

    private static string ReadExpression(StructScope scope, FieldDefinition field, bool nullable)
    {
        string flexible = scope.FlexibleFor(field);
        string prefix = nullable ? "reader.ReadNullable" : "reader.Read";
        FieldType type = field.Type;
        if (type.IsStructArray)
        {
            VersionRange versions = field.Versions.Intersect(scope.Reachable);
            int least = scope.Model.MinSize(type.StructName!, versions);
            return $"{prefix}Array<{scope.Model.ClassNameOf(type.StructName!)}>(version, {flexible}, {least})";
        }

        if (type.IsArray)
        {
            return $"{prefix}{type.Kind}Array({flexible})";
        }

        return type.Kind switch
        {
            TypeKind.String or TypeKind.Bytes or TypeKind.Records => $"{prefix}{type.Kind}({flexible})",
            TypeKind.Struct => ReadStruct(scope.Model.ClassNameOf(type.StructName!), nullable),
            _ => $"reader.Read{type.Kind}()",
        };
    }

    private static string ReadStruct(string className, bool nullable) =>
        nullable
            ? $"reader.ReadPresence() ? {className}.Read(ref reader, version) : null"
            : $"{className}.Read(ref reader, version)";

    private static string Parenthesize(string expression) => expression.Contains(" ? ", StringComparison.Ordinal) ? $"({expression})" : expression;
}
