using Akka.Streams.Implementation;

namespace Akka.Streams.Stage;

public interface ILogicAndMaterializedValue<out TMaterialized>
{
    GraphStageLogic Logic { get; }

    TMaterialized MaterializedValue { get; }
}

public readonly struct LogicAndMaterializedValue<TMaterialized> : ILogicAndMaterializedValue<TMaterialized>
{
    public LogicAndMaterializedValue(GraphStageLogic logic, TMaterialized materializedValue)
    {
        Logic = logic;
        MaterializedValue = materializedValue;
    }

    public GraphStageLogic Logic { get; }

    public TMaterialized MaterializedValue { get; }
}

/// <summary>
/// A stage: a shape and, for each run, a fresh logic and a materialized value. The stage itself holds no state of a run.
/// </summary>
public abstract class GraphStageWithMaterializedValue<TShape, TMaterialized> : IGraph<TShape, TMaterialized>
    where TShape : Shape
{
    private readonly Lazy<Blueprint> _blueprint;

    protected GraphStageWithMaterializedValue() => _blueprint = new Lazy<Blueprint>(
        () => new StageBlueprint<TMaterialized>(Shape, CreateLogicAndMaterializedValue).AddAttributes(InitialAttributes));

    protected virtual Attributes InitialAttributes => Attributes.None;

    public abstract TShape Shape { get; }

    Blueprint IGraph<TShape>.Blueprint => _blueprint.Value;

    public abstract ILogicAndMaterializedValue<TMaterialized> CreateLogicAndMaterializedValue(Attributes inheritedAttributes);

    public IGraph<TShape, TMaterialized> WithAttributes(Attributes attributes) =>
        new GraphImpl<TShape, TMaterialized>(Shape, _blueprint.Value.WithAttributes(attributes));

    public IGraph<TShape, TMaterialized> AddAttributes(Attributes attributes) =>
        new GraphImpl<TShape, TMaterialized>(Shape, _blueprint.Value.AddAttributes(attributes));

    public IGraph<TShape, TMaterialized> Named(string name) => AddAttributes(Attributes.CreateName(name));
}

/// <summary>A stage without a materialized value.</summary>
public abstract class GraphStage<TShape> : GraphStageWithMaterializedValue<TShape, NotUsed>
    where TShape : Shape
{
    protected GraphStage()
    {
    }

    public sealed override ILogicAndMaterializedValue<NotUsed> CreateLogicAndMaterializedValue(Attributes inheritedAttributes) =>
        new LogicAndMaterializedValue<NotUsed>(CreateLogic(inheritedAttributes), NotUsed.Instance);

    protected abstract GraphStageLogic CreateLogic(Attributes inheritedAttributes);
}
