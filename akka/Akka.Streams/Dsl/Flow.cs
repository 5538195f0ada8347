using Akka.Streams.Implementation;
using Akka.Streams.Implementation.Stages;

namespace Akka.Streams.Dsl;

/// <summary>A graph with an open inlet and an open outlet: what happens to elements on the way.</summary>
public sealed class Flow<TIn, TOut, TMat> : IFlow<TOut, TMat>, IGraph<FlowShape<TIn, TOut>, TMat>
{
    private readonly Blueprint _blueprint;

    internal Flow(FlowShape<TIn, TOut> shape, Blueprint blueprint)
    {
        Shape = shape;
        _blueprint = blueprint;
    }

    public FlowShape<TIn, TOut> Shape { get; }

    Blueprint IGraph<FlowShape<TIn, TOut>>.Blueprint => _blueprint;

    /// <summary>Appends a flow; keeps this flow's materialized value.</summary>
    public Flow<TIn, T2, TMat> Via<T2, TMat2>(IGraph<FlowShape<TOut, T2>, TMat2> flow) => ViaMaterialized(flow, Keep.Left);

    public Flow<TIn, TOut2, TMat3> ViaMaterialized<TOut2, TMat2, TMat3>(IGraph<FlowShape<TOut, TOut2>, TMat2> flow, Func<TMat, TMat2, TMat3> combine) =>
        new(new FlowShape<TIn, TOut2>(Shape.Inlet, flow.Shape.Outlet), Fusing.Fuse(_blueprint, flow.Blueprint, combine));

    /// <summary>Appends a sink; keeps this flow's materialized value.</summary>
    public Sink<TIn, TMat> To<TMat2>(IGraph<SinkShape<TOut>, TMat2> sink) => ToMaterialized(sink, Keep.Left);

    public Sink<TIn, TMat3> ToMaterialized<TMat2, TMat3>(IGraph<SinkShape<TOut>, TMat2> sink, Func<TMat, TMat2, TMat3> combine) =>
        new(new SinkShape<TIn>(Shape.Inlet), Fusing.Fuse(_blueprint, sink.Blueprint, combine));

    /// <summary>Puts the flow between a source and a sink and runs; returns the materialized values of both.</summary>
    public (TMat1, TMat2) RunWith<TMat1, TMat2>(IGraph<SourceShape<TIn>, TMat1> source, IGraph<SinkShape<TOut>, TMat2> sink, IMaterializer materializer) =>
        Source.FromGraph(source).Via(this).ToMaterialized(sink, Keep.Both).Run(materializer);

    public Flow<TIn, TOut, TMat2> MapMaterializedValue<TMat2>(Func<TMat, TMat2> mapFunc) =>
        new(Shape, new MappedBlueprint(_blueprint, value => mapFunc((TMat)value!)));

    /// <summary>This flow's elements, then those of the other.</summary>
    public Flow<TIn, TOut, TMat3> ConcatMaterialized<TMat2, TMat3>(IGraph<SourceShape<TOut>, TMat2> that, Func<TMat, TMat2, TMat3> materializedFunction) =>
        new(Shape, Fusing.Join(_blueprint, that.Blueprint, Fusing.Concat<TOut>(), materializedFunction));

    public Flow<TIn, TOut, TMat> WithAttributes(Attributes attributes) => new(Shape, _blueprint.WithAttributes(attributes));

    public Flow<TIn, TOut, TMat> AddAttributes(Attributes attributes) => new(Shape, _blueprint.AddAttributes(attributes));

    public Flow<TIn, TOut, TMat> Named(string name) => AddAttributes(Attributes.CreateName(name));

    IGraph<FlowShape<TIn, TOut>, TMat> IGraph<FlowShape<TIn, TOut>, TMat>.WithAttributes(Attributes attributes) => WithAttributes(attributes);

    IGraph<FlowShape<TIn, TOut>, TMat> IGraph<FlowShape<TIn, TOut>, TMat>.AddAttributes(Attributes attributes) => AddAttributes(attributes);

    IGraph<FlowShape<TIn, TOut>, TMat> IGraph<FlowShape<TIn, TOut>, TMat>.Named(string name) => Named(name);

    IFlow<T, TMat> IFlow<TOut, TMat>.Via<T, TMat2>(IGraph<FlowShape<TOut, T>, TMat2> flow) => Via(flow);

    IFlow<T2, TMat3> IFlow<TOut, TMat>.ViaMaterialized<T2, TMat2, TMat3>(IGraph<FlowShape<TOut, T2>, TMat2> flow, Func<TMat, TMat2, TMat3> combine) =>
        ViaMaterialized(flow, combine);

    IFlow<TOut, TMat2> IFlow<TOut, TMat>.MapMaterializedValue<TMat2>(Func<TMat, TMat2> mapFunc) => MapMaterializedValue(mapFunc);
}

public static class Flow
{
    /// <summary>A flow that passes everything on.</summary>
    public static Flow<T, T, NotUsed> Create<T>() => FromGraph(new IdentityStage<T>());

    public static Flow<T, T, NotUsed> Identity<T>() => Create<T>();

    public static Flow<TIn, TOut, NotUsed> FromFunction<TIn, TOut>(Func<TIn, TOut> function) => Create<TIn>().Select(function);

    public static Flow<TIn, TOut, TMat> FromGraph<TIn, TOut, TMat>(IGraph<FlowShape<TIn, TOut>, TMat> graph) =>
        graph as Flow<TIn, TOut, TMat> ?? new Flow<TIn, TOut, TMat>(graph.Shape, graph.Blueprint);
}
