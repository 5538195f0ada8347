using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>Emits what writes a struct, and the two checks that the write path makes first.</summary>
internal static class WriteEmitter
{
    public static void Emit(CodeWriter code, StructScope scope)
    {
        code.Line("/// <inheritdoc/>");
        code.Block("public void Write(ref WireWriter writer, short version)", () =>
        {
            EmitChecks(code, scope);
            scope.DeclareFlexible(code);
            foreach (FieldDefinition field in scope.Positional)
            {
                EmitPositional(code, scope, field);
            }

            EmitTagged(code, scope);
        });
    }

    public static void EmitChecks(CodeWriter code, StructScope scope)
    {
        if (scope.IsBody)
        {
            code.Line($"UnsupportedVersionException.ThrowUnlessWithin(version, LowestVersion, HighestVersion, \"{scope.ClassName}\");");
        }

        if (HasInexpressible(scope))
        {
            code.Line("RequireExpressible(version);");
        }
    }

    /// <summary>Emits the method that refuses values that the version cannot carry.</summary>
    public static void EmitRequireExpressible(CodeWriter code, StructScope scope)
    {
        if (!HasInexpressible(scope))
        {
            return;
        }

        code.Line();
        code.Block("private void RequireExpressible(short version)", () =>
        {
            foreach ((string condition, string field) in Inexpressible(scope))
            {
                code.Block($"if ({condition})", () =>
                    code.Line($"throw new UnsupportedFieldException(\"{scope.Model.Message.Name}\", \"{field}\", version);"));
            }
        });
    }

    /// <summary>The condition under which a tagged field goes on the wire, given that the version is flexible.</summary>
    public static string TaggedCondition(StructScope scope, FieldDefinition field)
    {
        string differs = CSharpField.DiffersFromDefault(field, scope.Model);
        VersionRange flexible = scope.Model.Message.Flexible.Intersect(scope.Reachable);
        return field.Versions.Covers(flexible) ? differs : $"{scope.Condition(field.Versions.Intersect(flexible))} && {differs}";
    }

    public static string HasName(FieldDefinition field) => $"has{field.Name}";

    public static void DeclareHas(CodeWriter code, StructScope scope)
    {
        foreach (FieldDefinition field in scope.Tagged)
        {
            code.Line($"bool {HasName(field)} = {TaggedCondition(scope, field)};");
        }
    }

    public static string TaggedCount(StructScope scope) =>
        scope.Tagged.Count == 0 ? "0" : string.Join(" + ", scope.Tagged.Select(field => $"({HasName(field)} ? 1 : 0)"));

    private static bool HasInexpressible(StructScope scope) => Inexpressible(scope).Any();

    private static IEnumerable<(string Condition, string Field)> Inexpressible(StructScope scope)
    {
        foreach (FieldDefinition field in scope.Definition.Fields)
        {
            string? absent = scope.Absence(field.Versions);
            if (absent is not null && !field.Ignorable)
            {
                string differs = CSharpField.DiffersFromDefault(field, scope.Model);
                yield return (absent == "true" ? differs : $"{absent} && {differs}", field.Name);
            }

            VersionRange present = field.Versions.Intersect(scope.Reachable);
            if (field.IsNullable && !present.IsEmpty && !field.Nullable.Covers(present))
            {
                VersionRange nullable = field.Nullable.Intersect(present);
                VersionRange notNull = nullable.IsEmpty ? present
                    : nullable.First > present.First
                    ? new VersionRange(present.First, nullable.First - 1)
                    : new VersionRange(nullable.Last + 1, present.Last);
                string? condition = scope.Condition(notNull);
                yield return (condition is null ? $"{field.Name} is null" : $"{condition} && {field.Name} is null", field.Name);
            }
        }

        if (scope.CanBeFlexible && scope.Flexible == "flexible")
        {
            string classic = scope.Absence(scope.Model.Message.Flexible)!;
            yield return ($"{classic} && UnknownTaggedFields is {{ Count: > 0 }}", "UnknownTaggedFields");
        }
    }

    private static void EmitPositional(CodeWriter code, StructScope scope, FieldDefinition field)
    {
        string? present = scope.Condition(field.Versions);
        if (present != "false")
        {
            EmitUnder(code, present, () => EmitValue(code, scope, field));
        }
    }

    public static void EmitUnder(CodeWriter code, string? condition, Action body)
    {
        if (condition is null)
        {
            body();
        }
        else
        {
            code.Block($"if ({condition})", body);
        }
    }

    private static void EmitTagged(CodeWriter code, StructScope scope)
    {
        if (!scope.CanBeFlexible)
        {
            return;
        }

        EmitUnder(code, scope.Flexible == "true" ? null : "flexible", () =>
        {
            if (scope.Tagged.Count == 0)
            {
                code.Line("writer.WriteTaggedFields(UnknownTaggedFields);");
                return;
            }

            DeclareHas(code, scope);
            code.Line($"writer.WriteTaggedFieldCount({TaggedCount(scope)}, UnknownTaggedFields);");
            code.Line("int nextUnknown = 0;");
            foreach (FieldDefinition field in scope.Tagged)
            {
                code.Block($"if ({HasName(field)})", () =>
                {
                    code.Line($"nextUnknown = writer.WriteUnknownTaggedFields(UnknownTaggedFields, nextUnknown, below: {field.Tag});");
                    code.Line($"writer.WriteTag({field.Tag}, {SizeEmitter.TaggedSize(scope, field)});");
                    EmitValue(code, scope, field);
                });
            }

            code.Line("writer.WriteUnknownTaggedFields(UnknownTaggedFields, nextUnknown, below: null);");
        });
    }

    private static void EmitValue(CodeWriter code, StructScope scope, FieldDefinition field)
    {
        string flexible = scope.FlexibleFor(field);
        FieldType type = field.Type;
        string name = field.Name;
        if (type.IsStructArray)
        {
            code.Line($"writer.WriteArray({name}, version, {flexible});");
        }
        else if (type.IsArray)
        {
            code.Line($"writer.Write{type.Kind}Array({name}, {flexible});");
        }
        else if (type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.Records)
        {
            code.Line($"writer.Write{type.Kind}({name}, {flexible});");
        }
        else if (type.IsStruct && field.IsNullable)
        {
            code.Line($"writer.WritePresence({name} is not null);");
            code.Line($"{name}?.Write(ref writer, version);");
        }
        else if (type.IsStruct)
        {
            code.Line($"{name}.Write(ref writer, version);");
        }
        else
        {
            code.Line($"writer.Write{type.Kind}({name});");
        }
    }
}
