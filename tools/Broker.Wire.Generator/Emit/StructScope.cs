using System.Globalization;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Generator.Emit;

/// <summary>A struct in its message, with what the emitters ask of it: names, versions it can meet, conditions on them.</summary>
internal sealed class StructScope
{
    private readonly MessageModel _model;

    public StructScope(MessageModel model, StructDefinition definition, VersionRange reachable)
    {
        _model = model;
        Definition = definition;
        Reachable = reachable;
        ClassName = model.ClassNameOf(definition.Name);
        Positional = [.. definition.Fields.Where(field => field.Tag is null)];
        Tagged = [.. definition.Fields.Where(field => field.Tag is not null).OrderBy(field => field.Tag)];
    }

    public StructDefinition Definition { get; }

    public string ClassName { get; }

    /// <summary>The versions in which this struct can be on the wire.</summary>
    public VersionRange Reachable { get; }

    public IReadOnlyList<FieldDefinition> Positional { get; }

    public IReadOnlyList<FieldDefinition> Tagged { get; }

    public bool IsBody => Definition == _model.Message.Body;

    public MessageModel Model => _model;

    /// <summary>Whether any version of this struct carries tagged fields.</summary>
    public bool CanBeFlexible => !_model.Message.Flexible.Intersect(Reachable).IsEmpty;

    /// <summary>The C# expression for "this version is flexible".</summary>
    public string Flexible => !CanBeFlexible ? "false" : _model.Message.Flexible.Covers(Reachable) ? "true" : "flexible";

    /// <summary>Declares the local that <see cref="Flexible"/> may name.</summary>
    public void DeclareFlexible(CodeWriter code)
    {
        if (Flexible == "flexible")
        {
            code.Line($"bool flexible = version >= {_model.Message.Flexible.First.ToString(CultureInfo.InvariantCulture)};");
        }
    }

    /// <summary>The flexible flag that <paramref name="field"/> is encoded under.</summary>
    public string FlexibleFor(FieldDefinition field) => field.Plain ? "false" : Flexible;

    /// <summary>The condition on <c>version</c> for <paramref name="range"/>: null when always true, "false" when never.</summary>
    public string? Condition(VersionRange range)
    {
        VersionRange present = range.Intersect(Reachable);
        if (present.IsEmpty)
        {
            return "false";
        }

        bool fromStart = present.First == Reachable.First;
        bool toEnd = present.Last == Reachable.Last;
        return (fromStart, toEnd) switch
        {
            (true, true) => null,
            (true, false) => $"version <= {present.Last}",
            (false, true) => $"version >= {present.First}",
            _ => present.First == present.Last
                ? $"version == {present.First}"
                : $"version is >= {present.First} and <= {present.Last}",
        };
    }

    /// <summary>The opposite of <see cref="Condition"/>: null when the range covers every version.</summary>
    public string? Absence(VersionRange range)
    {
        VersionRange present = range.Intersect(Reachable);
        if (present.IsEmpty)
        {
            return "true";
        }

        bool fromStart = present.First == Reachable.First;
        bool toEnd = present.Last == Reachable.Last;
        return (fromStart, toEnd) switch
        {
            (true, true) => null,
            (true, false) => $"version > {present.Last}",
            (false, true) => $"version < {present.First}",
            _ => $"version is < {present.First} or > {present.Last}",
        };
    }
}
