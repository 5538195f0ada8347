namespace Broker.Wire.Generator.Schema;

/// <summary>What a field holds, before the array is considered.</summary>
public enum TypeKind
{
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct,
}

/// <summary>The type of a field: a primitive or a struct by name, or an array of either.</summary>
public sealed record FieldType(TypeKind Kind, string? StructName, bool IsArray)
{
    private static readonly Dictionary<string, TypeKind> Primitives = new()
    {
        ["bool"] = TypeKind.Bool,
        ["int8"] = TypeKind.Int8,
        ["int16"] = TypeKind.Int16,
        ["uint16"] = TypeKind.UInt16,
        ["int32"] = TypeKind.Int32,
        ["uint32"] = TypeKind.UInt32,
        ["int64"] = TypeKind.Int64,
        ["float64"] = TypeKind.Float64,
        ["uuid"] = TypeKind.Uuid,
        ["string"] = TypeKind.String,
        ["bytes"] = TypeKind.Bytes,
        ["records"] = TypeKind.Records,
    };

    /// <summary>A single struct, not an array of them.</summary>
    public bool IsStruct => Kind == TypeKind.Struct && !IsArray;

    public bool IsStructArray => Kind == TypeKind.Struct && IsArray;

    /// <summary>The type called <paramref name="name"/>: a primitive's name, or else a struct's.</summary>
    public static FieldType Parse(string name, bool isArray) =>
        Primitives.TryGetValue(name, out TypeKind kind) ? new(kind, null, isArray) : new(TypeKind.Struct, name, isArray);

    /// <summary>Bytes of one element on the wire when that never varies; null otherwise.</summary>
    public int? FixedSize => Kind switch
    {
        TypeKind.Bool or TypeKind.Int8 => 1,
        TypeKind.Int16 or TypeKind.UInt16 => 2,
        TypeKind.Int32 or TypeKind.UInt32 => 4,
        TypeKind.Int64 or TypeKind.Float64 => 8,
        TypeKind.Uuid => 16,
        _ => null,
    };

    public override string ToString() => (StructName ?? Kind.ToString().ToLowerInvariant()) + (IsArray ? "[]" : "");
}
