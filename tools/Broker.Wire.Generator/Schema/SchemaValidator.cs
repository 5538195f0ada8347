namespace Broker.Wire.Generator.Schema;

/// <summary>Refuses definitions that parse but that the generator could not honour.</summary>
public static class SchemaValidator
{
    /// <summary>Names that every generated message uses itself.</summary>
    private static readonly HashSet<string> Reserved =
        ["Api", "ApiKey", "Read", "Write", "GetSize", "LowestVersion", "HighestVersion", "FirstFlexibleVersion", "IsDefault", "UnknownTaggedFields"];

    /// <exception cref="SchemaException">The first rule that <paramref name="message"/> breaks.</exception>
    public static void Validate(MessageDefinition message)
    {
        foreach (StructDefinition definition in message.Structs.Append(message.Body))
        {
            string where = definition == message.Body ? message.Name : $"{message.Name}.{definition.Name}";
            HashSet<string> names = [];
            foreach (FieldDefinition field in definition.Fields)
            {
                Require(names.Add(field.Name), where, field, "is there twice");
                Require(definition != message.Body || !Reserved.Contains(field.Name), where, field, "has a name that the generated message uses itself");
                Validate(message, where, field);
            }

            int[] tags = [.. definition.Fields.Where(field => field.Tag is not null).Select(field => field.Tag!.Value).Order()];
            if (tags.Where((tag, position) => tag != position).Any())
            {
                throw new SchemaException($"{where}: tags must be 0, 1, 2, ... but are {string.Join(", ", tags)}");
            }
        }
    }

    private static void Validate(MessageDefinition message, string where, FieldDefinition field)
    {
        if (field.Type.StructName is string name)
        {
            StructDefinition target = message.FindStruct(name);
            Require(target != message.Body, where, field, "would nest its own message");
        }

        bool canBeNull = field.Type.IsArray
            || field.Type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.Records or TypeKind.Struct;
        Require(canBeNull || !field.IsNullable, where, field, "is of a type that cannot be null");
        Require(field.Versions.Covers(field.Nullable), where, field, "may be null in versions that lack it");
        Require(field.Default != "null" || field.IsNullable, where, field, "defaults to null but may not be null");
        if (field.Tag is not null)
        {
            Require(message.Flexible.Covers(field.Versions), where, field, "is tagged in versions that are not flexible");
            Require(!(field.Type.IsStruct && field.IsNullable), where, field, "is a tagged struct that may be null, which is not supported");
        }
    }

    private static void Require(bool holds, string where, FieldDefinition field, string problem)
    {
        if (!holds)
        {
            throw new SchemaException($"{where}: the field '{field.Name}' {problem}");
        }
    }
}
