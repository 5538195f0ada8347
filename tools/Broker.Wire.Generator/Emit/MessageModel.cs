using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>A message with everything about it that takes more than one struct to know.</summary>
internal sealed class MessageModel
{
    private readonly HashSet<string> _rootFields;

    public MessageModel(MessageDefinition message)
    {
        Message = message;
        _rootFields = [.. message.Body.Fields.Select(field => field.Name)];
        Dictionary<string, VersionRange> reachable = FindReachable();
        Body = new StructScope(this, message.Body, message.Versions);
        Structs = [.. message.Structs.Select(definition => new StructScope(this, definition, reachable[definition.Name]))];
    }

    public MessageDefinition Message { get; }

    public StructScope Body { get; }

    public IReadOnlyList<StructScope> Structs { get; }

    /// <summary>The class of a struct; schema/README.md states the rule.</summary>
    public string ClassNameOf(string structName)
    {
        if (structName == Message.Name)
        {
            return structName;
        }

        bool clashes = _rootFields.Contains(structName)
            || Message.FindStruct(structName).Fields.Any(field => field.Name == structName);
        return clashes ? structName + "Data" : structName;
    }

    /// <summary>The fewest bytes that one <paramref name="name"/> takes in any of <paramref name="versions"/>.</summary>
    public int MinSize(string name, VersionRange versions)
    {
        int least = int.MaxValue;
        for (int version = versions.First; version <= versions.Last; version++)
        {
            least = Math.Min(least, MinSize(Message.FindStruct(name), version));
        }

        return least;
    }

    private int MinSize(StructDefinition definition, int version)
    {
        bool flexible = Message.IsFlexible(version);
        int size = flexible ? 1 : 0;
        foreach (FieldDefinition field in definition.Fields)
        {
            if (field.Tag is null && field.Versions.Contains(version))
            {
                size += MinSize(field, version, flexible && !field.Plain);
            }
        }

        return size;
    }

    private int MinSize(FieldDefinition field, int version, bool flexible)
    {
        if (field.Type.IsArray)
        {
            return flexible ? 1 : 4;
        }

        return field.Type.Kind switch
        {
            TypeKind.String => flexible ? 1 : 2,
            TypeKind.Bytes or TypeKind.Records => flexible ? 1 : 4,
            TypeKind.Struct when field.Nullable.Contains(version) => 1,
            TypeKind.Struct => MinSize(Message.FindStruct(field.Type.StructName!), version),
            _ => field.Type.FixedSize!.Value,
        };
    }

    private Dictionary<string, VersionRange> FindReachable()
    {
        Dictionary<string, VersionRange> found = [];
        Visit(Message.Body, Message.Versions);
        return found;

        void Visit(StructDefinition definition, VersionRange versions)
        {
            foreach (FieldDefinition field in definition.Fields.Where(field => field.Type.StructName is not null))
            {
                StructDefinition inner = Message.FindStruct(field.Type.StructName!);
                VersionRange here = field.Versions.Intersect(versions);
                found[inner.Name] = found.TryGetValue(inner.Name, out VersionRange before) ? Hull(before, here) : here;
                Visit(inner, here);
            }
        }
    }

    private static VersionRange Hull(VersionRange a, VersionRange b) =>
        a.IsEmpty ? b : b.IsEmpty ? a : new VersionRange(Math.Min(a.First, b.First), Math.Max(a.Last, b.Last));
}
