namespace Broker.Wire.Generator.Schema;

/// <summary>One field of a struct, as its line in the schema says.</summary>
public sealed record FieldDefinition(string Name, FieldType Type, VersionRange Versions, VersionRange Nullable)
{
    /// <summary>The tag of a tagged field; null for a field in fixed position.</summary>
    public int? Tag { get; init; }

    /// <summary>The default as written; null when the line has none.</summary>
    public string? Default { get; init; }

    /// <summary>Whether a value may be dropped silently in versions that lack the field.</summary>
    public bool Ignorable { get; init; }

    /// <summary>Whether the field keeps the classic encoding in flexible versions.</summary>
    public bool Plain { get; init; }

    /// <summary>Whether the property can hold null at all.</summary>
    public bool IsNullable => !Nullable.IsEmpty;
}

/// <summary>A struct nested in a message, or the message's own body.</summary>
public sealed record StructDefinition(string Name, VersionRange Versions, IReadOnlyList<FieldDefinition> Fields);

/// <summary>What a message is for.</summary>
public enum MessageRole
{
    Request,
    Response,
    Header,
    Record,
}

/// <summary>A whole message with the structs it nests.</summary>
public sealed record MessageDefinition(
    string Name,
    string Summary,
    MessageRole Role,
    VersionRange Versions,
    VersionRange Flexible,
    StructDefinition Body,
    IReadOnlyList<StructDefinition> Structs)
{
    /// <summary>The API's key; null for headers and records.</summary>
    public int? ApiKey { get; init; }

    /// <summary>The API's name; null for headers and records.</summary>
    public string? ApiName { get; init; }

    /// <summary>The last version that is not in flux.</summary>
    public int LastStable { get; init; }

    public bool IsFlexible(int version) => Flexible.Contains(version);

    public StructDefinition FindStruct(string name) =>
        Structs.FirstOrDefault(definition => definition.Name == name)
        ?? throw new SchemaException($"{Name}: no struct '{name}'; define it where it is used or with 'struct {name} {{ }}'");
}

/// <summary>A schema file that cannot be understood: says where and what was expected.</summary>
public sealed class SchemaException(string message) : Exception(message);
