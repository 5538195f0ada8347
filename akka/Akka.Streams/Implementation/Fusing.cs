using Akka.Streams.Implementation.Stages;
using Akka.Streams.Stage;

namespace Akka.Streams.Implementation;

/// <summary>Joins blueprints.</summary>
internal static class Fusing
{
    /// <summary>One after the other.</summary>
    public static Blueprint Fuse<TMat, TMat2, TMat3>(Blueprint upstream, Blueprint downstream, Func<TMat, TMat2, TMat3> combine) =>
        new FusedBlueprint(upstream, downstream, (left, right) => combine((TMat)left!, (TMat2)right!));

    public static Blueprint Concat<T>() => Of(new ConcatStage<T>());

    public static Blueprint Of<TShape, TMat>(GraphStageWithMaterializedValue<TShape, TMat> stage)
        where TShape : Shape => ((IGraph<TShape>)stage).Blueprint;

    /// <summary>A first and a second upstream into a junction of two inlets.</summary>
    public static Blueprint Join<TMat, TMat2, TMat3>(Blueprint first, Blueprint second, Blueprint junction, Func<TMat, TMat2, TMat3> combine) =>
        new JoinedBlueprint(first, second, junction, (left, right) => combine((TMat)left!, (TMat2)right!));

    /// <summary>An upstream into a junction of two outlets; the second one goes to the sink.</summary>
    public static Blueprint Split<TMat, TMat2, TMat3>(Blueprint upstream, Blueprint junction, Blueprint sink, Func<TMat, TMat2, TMat3> combine) =>
        new SplitBlueprint(upstream, junction, sink, (left, right) => combine((TMat)left!, (TMat2)right!));

    private sealed class JoinedBlueprint(Blueprint first, Blueprint second, Blueprint junction, Func<object?, object?, object?> combine) : Blueprint
    {
        public override Built Build(GraphInterpreter interpreter, Attributes inherited)
        {
            Built one = first.Build(interpreter, inherited);
            Built two = second.Build(interpreter, inherited);
            Built both = junction.Build(interpreter, inherited);
            interpreter.Connect(one.Outlets[0], both.Inlets[0]);
            interpreter.Connect(two.Outlets[0], both.Inlets[1]);
            return new Built(one.Inlets, both.Outlets, combine(one.Materialized, two.Materialized));
        }
    }

    private sealed class SplitBlueprint(Blueprint upstream, Blueprint junction, Blueprint sink, Func<object?, object?, object?> combine) : Blueprint
    {
        public override Built Build(GraphInterpreter interpreter, Attributes inherited)
        {
            Built from = upstream.Build(interpreter, inherited);
            Built both = junction.Build(interpreter, inherited);
            Built side = sink.Build(interpreter, inherited);
            interpreter.Connect(from.Outlets[0], both.Inlets[0]);
            interpreter.Connect(both.Outlets[1], side.Inlets[0]);
            return new Built(from.Inlets, [both.Outlets[0]], combine(from.Materialized, side.Materialized));
        }
    }
}
