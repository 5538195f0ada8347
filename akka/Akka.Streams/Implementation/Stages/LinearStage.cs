using Akka.Streams.Stage;
using Akka.Streams.Supervision;

namespace Akka.Streams.Implementation.Stages;

/// <summary>A stage with one inlet and one outlet.</summary>
internal abstract class LinearStage<TIn, TOut> : GraphStage<FlowShape<TIn, TOut>>
{
    protected LinearStage() => Shape = new FlowShape<TIn, TOut>(In, Out);

    public Inlet<TIn> In { get; } = new("in");

    public Outlet<TOut> Out { get; } = new("out");

    public override FlowShape<TIn, TOut> Shape { get; }
}

/// <summary>Base of linear logics: pulls when pulled, ends with either side, asks the supervision strategy about failures.</summary>
internal abstract class LinearLogic<TIn, TOut> : InAndOutGraphStageLogic
{
    private readonly Decider _decider;

    protected LinearLogic(LinearStage<TIn, TOut> stage, Attributes attributes)
        : base(stage.Shape)
    {
        In = stage.In;
        Out = stage.Out;
        _decider = attributes.DeciderOrDefault();
        SetHandler(In, Out, this);
    }

    protected Inlet<TIn> In { get; }

    protected Outlet<TOut> Out { get; }

    public override void OnPull() => Pull(In);

    protected Directive Decide(Exception failure) => _decider(failure);
}

internal static class SupervisionAttributes
{
    public static Decider DeciderOrDefault(this Attributes attributes) =>
        attributes.GetAttribute<ActorAttributes.SupervisionStrategy>()?.Decider ?? Deciders.StoppingDecider;
}
