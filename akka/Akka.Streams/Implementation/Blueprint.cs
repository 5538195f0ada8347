using Akka.Streams.Stage;

namespace Akka.Streams.Implementation;

/// <summary>A port of a stage that is being built into a running graph.</summary>
internal readonly record struct PortRef(GraphStageLogic Logic, int Id);

/// <summary>A built part: its open ports and its materialized value.</summary>
internal readonly record struct Built(PortRef[] Inlets, PortRef[] Outlets, object? Materialized);

/// <summary>How to build a graph. The tree of blueprints is what operators compose.</summary>
internal abstract class Blueprint
{
    public abstract Built Build(GraphInterpreter interpreter, Attributes inherited);

    public virtual Blueprint WithAttributes(Attributes attributes) => new AttributedBlueprint(this, attributes);

    public virtual Blueprint AddAttributes(Attributes attributes) => new AttributedBlueprint(this, attributes);
}

internal sealed class AttributedBlueprint(Blueprint inner, Attributes own) : Blueprint
{
    public override Built Build(GraphInterpreter interpreter, Attributes inherited) =>
        inner.Build(interpreter, inherited.And(own));

    public override Blueprint WithAttributes(Attributes attributes) => new AttributedBlueprint(inner, attributes);

    public override Blueprint AddAttributes(Attributes attributes) => new AttributedBlueprint(inner, own.And(attributes));
}

/// <summary>One stage.</summary>
internal sealed class StageBlueprint<TMat>(Shape shape, Func<Attributes, ILogicAndMaterializedValue<TMat>> create) : Blueprint
{
    public override Built Build(GraphInterpreter interpreter, Attributes inherited)
    {
        ILogicAndMaterializedValue<TMat> stage = create(inherited);
        GraphStageLogic logic = stage.Logic;
        interpreter.Add(logic, inherited);
        return new Built(
            [.. Enumerable.Range(0, shape.Inlets.Length).Select(id => new PortRef(logic, id))],
            [.. Enumerable.Range(0, shape.Outlets.Length).Select(id => new PortRef(logic, id))],
            stage.MaterializedValue);
    }
}

/// <summary>Connects the first outlet of one part to the first inlet of another; all other ports stay open.</summary>
internal sealed class FusedBlueprint(Blueprint upstream, Blueprint downstream, Func<object?, object?, object?> combine) : Blueprint
{
    public override Built Build(GraphInterpreter interpreter, Attributes inherited)
    {
        Built up = upstream.Build(interpreter, inherited);
        Built down = downstream.Build(interpreter, inherited);
        interpreter.Connect(up.Outlets[0], down.Inlets[0]);
        return new Built(
            [.. up.Inlets, .. down.Inlets.AsSpan(1)],
            [.. up.Outlets.AsSpan(1), .. down.Outlets],
            combine(up.Materialized, down.Materialized));
    }
}

internal sealed class MappedBlueprint(Blueprint inner, Func<object?, object?> map) : Blueprint
{
    public override Built Build(GraphInterpreter interpreter, Attributes inherited)
    {
        Built built = inner.Build(interpreter, inherited);
        return built with { Materialized = map(built.Materialized) };
    }
}
