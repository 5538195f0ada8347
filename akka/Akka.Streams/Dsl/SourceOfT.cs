using Akka.Actor;
using Akka.Streams.Implementation;

namespace Akka.Streams.Dsl;

/// <summary>A graph with one open outlet: where elements come from.</summary>
public sealed class Source<TOut, TMat> : IFlow<TOut, TMat>, IGraph<SourceShape<TOut>, TMat>
{
    private readonly Blueprint _blueprint;

    internal Source(SourceShape<TOut> shape, Blueprint blueprint)
    {
        Shape = shape;
        _blueprint = blueprint;
    }

    public SourceShape<TOut> Shape { get; }

    Blueprint IGraph<SourceShape<TOut>>.Blueprint => _blueprint;

    /// <summary>Appends a flow; keeps this source's materialized value.</summary>
    public Source<T2, TMat> Via<T2, TMat2>(IGraph<FlowShape<TOut, T2>, TMat2> flow) => ViaMaterialized(flow, Keep.Left);

    public Source<TOut2, TMat3> ViaMaterialized<TOut2, TMat2, TMat3>(IGraph<FlowShape<TOut, TOut2>, TMat2> flow, Func<TMat, TMat2, TMat3> combine) =>
        new(new SourceShape<TOut2>(flow.Shape.Outlet), Fusing.Fuse(_blueprint, flow.Blueprint, combine));

    /// <summary>Appends a sink; keeps this source's materialized value.</summary>
    public IRunnableGraph<TMat> To<TMat2>(IGraph<SinkShape<TOut>, TMat2> sink) => ToMaterialized(sink, Keep.Left);

    public IRunnableGraph<TMat3> ToMaterialized<TMat2, TMat3>(IGraph<SinkShape<TOut>, TMat2> sink, Func<TMat, TMat2, TMat3> combine) =>
        new RunnableGraph<TMat3>(Fusing.Fuse(_blueprint, sink.Blueprint, combine));

    /// <summary>Appends a sink and runs; returns the sink's materialized value.</summary>
    public TMat2 RunWith<TMat2>(IGraph<SinkShape<TOut>, TMat2> sink, IMaterializer materializer) =>
        ToMaterialized(sink, Keep.Right).Run(materializer);

    public TMat2 RunWith<TMat2>(IGraph<SinkShape<TOut>, TMat2> sink, ActorSystem materializer) =>
        ToMaterialized(sink, Keep.Right).Run(materializer);

    public Task RunForeach(Action<TOut> action, IMaterializer materializer) => RunWith(Sink.ForEach(action), materializer);

    public Task<TOut2> RunAggregate<TOut2>(TOut2 zero, Func<TOut2, TOut, TOut2> aggregate, IMaterializer materializer) =>
        RunWith(Sink.Aggregate(zero, aggregate), materializer);

    public Source<TOut, TMat2> MapMaterializedValue<TMat2>(Func<TMat, TMat2> mapFunc) =>
        new(Shape, new MappedBlueprint(_blueprint, value => mapFunc((TMat)value!)));

    /// <summary>This source, then the other.</summary>
    public Source<TOut, TMat3> ConcatMaterialized<TMat2, TMat3>(IGraph<SourceShape<TOut>, TMat2> that, Func<TMat, TMat2, TMat3> materializedFunction) =>
        new(Shape, Fusing.Join(_blueprint, that.Blueprint, Fusing.Concat<TOut>(), materializedFunction));

    public Source<TOut, TMat> WithAttributes(Attributes attributes) => new(Shape, _blueprint.WithAttributes(attributes));

    public Source<TOut, TMat> AddAttributes(Attributes attributes) => new(Shape, _blueprint.AddAttributes(attributes));

    public Source<TOut, TMat> Named(string name) => AddAttributes(Attributes.CreateName(name));

    IGraph<SourceShape<TOut>, TMat> IGraph<SourceShape<TOut>, TMat>.WithAttributes(Attributes attributes) => WithAttributes(attributes);

    IGraph<SourceShape<TOut>, TMat> IGraph<SourceShape<TOut>, TMat>.AddAttributes(Attributes attributes) => AddAttributes(attributes);

    IGraph<SourceShape<TOut>, TMat> IGraph<SourceShape<TOut>, TMat>.Named(string name) => Named(name);

    IFlow<T, TMat> IFlow<TOut, TMat>.Via<T, TMat2>(IGraph<FlowShape<TOut, T>, TMat2> flow) => Via(flow);

    IFlow<T2, TMat3> IFlow<TOut, TMat>.ViaMaterialized<T2, TMat2, TMat3>(IGraph<FlowShape<TOut, T2>, TMat2> flow, Func<TMat, TMat2, TMat3> combine) =>
        ViaMaterialized(flow, combine);

    IFlow<TOut, TMat2> IFlow<TOut, TMat>.MapMaterializedValue<TMat2>(Func<TMat, TMat2> mapFunc) => MapMaterializedValue(mapFunc);
}
