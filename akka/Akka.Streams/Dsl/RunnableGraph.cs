using Akka.Actor;
using Akka.Streams.Implementation;

namespace Akka.Streams.Dsl;

/// <summary>A graph without open ports.</summary>
public interface IRunnableGraph<out TMat> : IGraph<ClosedShape, TMat>
{
    /// <summary>Starts it; returns its materialized value.</summary>
    TMat Run(IMaterializer materializer);

    TMat Run(ActorSystem actorSystem);

    IRunnableGraph<TMat2> MapMaterializedValue<TMat2>(Func<TMat, TMat2> func);

    new IRunnableGraph<TMat> WithAttributes(Attributes attributes);

    new IRunnableGraph<TMat> AddAttributes(Attributes attributes);

    new IRunnableGraph<TMat> Named(string name);
}

public sealed class RunnableGraph<TMat> : IRunnableGraph<TMat>
{
    private readonly Blueprint _blueprint;

    internal RunnableGraph(Blueprint blueprint) => _blueprint = blueprint;

    public ClosedShape Shape => ClosedShape.Instance;

    Blueprint IGraph<ClosedShape>.Blueprint => _blueprint;

    public TMat Run(IMaterializer materializer) => materializer.Materialize(this);

    public TMat Run(ActorSystem actorSystem) => SystemMaterializer.Of(actorSystem).Materialize(this);

    public IRunnableGraph<TMat2> MapMaterializedValue<TMat2>(Func<TMat, TMat2> func) =>
        new RunnableGraph<TMat2>(new MappedBlueprint(_blueprint, value => func((TMat)value!)));

    public IRunnableGraph<TMat> WithAttributes(Attributes attributes) => new RunnableGraph<TMat>(_blueprint.WithAttributes(attributes));

    public IRunnableGraph<TMat> AddAttributes(Attributes attributes) => new RunnableGraph<TMat>(_blueprint.AddAttributes(attributes));

    public IRunnableGraph<TMat> Named(string name) => AddAttributes(Attributes.CreateName(name));

    IGraph<ClosedShape, TMat> IGraph<ClosedShape, TMat>.WithAttributes(Attributes attributes) => WithAttributes(attributes);

    IGraph<ClosedShape, TMat> IGraph<ClosedShape, TMat>.AddAttributes(Attributes attributes) => AddAttributes(attributes);

    IGraph<ClosedShape, TMat> IGraph<ClosedShape, TMat>.Named(string name) => Named(name);
}
