using System.Collections.Immutable;
using Akka.Actor;
using Akka.Streams.Implementation;
using Akka.Streams.Implementation.Stages;

namespace Akka.Streams.Dsl;

/// <summary>A graph with one open inlet: where elements go.</summary>
public sealed class Sink<TIn, TMat> : IGraph<SinkShape<TIn>, TMat>
{
    private readonly Blueprint _blueprint;

    internal Sink(SinkShape<TIn> shape, Blueprint blueprint)
    {
        Shape = shape;
        _blueprint = blueprint;
    }

    public SinkShape<TIn> Shape { get; }

    Blueprint IGraph<SinkShape<TIn>>.Blueprint => _blueprint;

    /// <summary>Puts a source before it and runs; returns the source's materialized value.</summary>
    public TMat2 RunWith<TMat2>(IGraph<SourceShape<TIn>, TMat2> source, IMaterializer materializer) =>
        Source.FromGraph(source).To(this).Run(materializer);

    public Sink<TIn, TMat2> MapMaterializedValue<TMat2>(Func<TMat, TMat2> fn) =>
        new(Shape, new MappedBlueprint(_blueprint, value => fn((TMat)value!)));

    /// <summary>Converts elements before they come in.</summary>
    public Sink<TIn2, TMat> ContraMap<TIn2>(Func<TIn2, TIn> function) => Flow.FromFunction(function).ToMaterialized(this, Keep.Right);

    public Sink<TIn, TMat> WithAttributes(Attributes attributes) => new(Shape, _blueprint.WithAttributes(attributes));

    public Sink<TIn, TMat> AddAttributes(Attributes attributes) => new(Shape, _blueprint.AddAttributes(attributes));

    public Sink<TIn, TMat> Named(string name) => AddAttributes(Attributes.CreateName(name));

    IGraph<SinkShape<TIn>, TMat> IGraph<SinkShape<TIn>, TMat>.WithAttributes(Attributes attributes) => WithAttributes(attributes);

    IGraph<SinkShape<TIn>, TMat> IGraph<SinkShape<TIn>, TMat>.AddAttributes(Attributes attributes) => AddAttributes(attributes);

    IGraph<SinkShape<TIn>, TMat> IGraph<SinkShape<TIn>, TMat>.Named(string name) => Named(name);
}

/// <summary>Sinks. Where the materialized value is a task, it fails when the stream fails.</summary>
public static class Sink
{
    /// <summary>Calls <paramref name="action"/> with each element; supervised, as all functions are.</summary>
    public static Sink<TIn, Task<Done>> ForEach<TIn>(Action<TIn> action) => Flow.Create<TIn>()
        .Select(element =>
        {
            action(element);
            return NotUsed.Instance;
        })
        .ToMaterialized(Ignore<NotUsed>(), Keep.Right);

    /// <summary>Awaits <paramref name="action"/> for each element, up to <paramref name="parallelism"/> at once.</summary>
    public static Sink<TIn, Task<Done>> ForEachAsync<TIn>(int parallelism, Func<TIn, Task> action) => Flow.Create<TIn>()
        .SelectAsyncUnordered(parallelism, async element =>
        {
            await action(element).ConfigureAwait(false);
            return NotUsed.Instance;
        })
        .ToMaterialized(Ignore<NotUsed>(), Keep.Right);

    public static Sink<TIn, Task<Done>> Ignore<TIn>() => FromGraph(new GatherSink<TIn, Done>(() => new IgnoreGatherer<TIn>()));

    /// <summary>All elements; for streams that are known to be small.</summary>
    public static Sink<TIn, Task<IImmutableList<TIn>>> Seq<TIn>() =>
        FromGraph(new GatherSink<TIn, IImmutableList<TIn>>(() => new SeqGatherer<TIn>()));

    /// <summary>The first element, then it cancels; fails with <see cref="NoSuchElementException"/> when there is none.</summary>
    public static Sink<TIn, Task<TIn>> First<TIn>() => One<TIn>(last: false, orDefault: false);

    public static Sink<TIn, Task<TIn>> FirstOrDefault<TIn>() => One<TIn>(last: false, orDefault: true);

    public static Sink<TIn, Task<TIn>> Last<TIn>() => One<TIn>(last: true, orDefault: false);

    public static Sink<TIn, Task<TIn>> LastOrDefault<TIn>() => One<TIn>(last: true, orDefault: true);

    public static Sink<TIn, Task<TOut>> Aggregate<TIn, TOut>(TOut zero, Func<TOut, TIn, TOut> aggregate) =>
        Flow.Create<TIn>().Aggregate(zero, aggregate).ToMaterialized(First<TOut>(), Keep.Right);

    public static Sink<TIn, NotUsed> Cancelled<TIn>() => FromGraph(new CancelledSink<TIn>());

    public static Sink<TIn, NotUsed> OnComplete<TIn>(Action success, Action<Exception> failure) =>
        FromGraph(new OnCompleteSink<TIn>(success, failure));

    /// <summary>Sends elements to an actor, without back-pressure.</summary>
    public static Sink<TIn, NotUsed> ActorRef<TIn>(IActorRef actorRef, object onCompleteMessage, Func<Exception, object> onFailureMessage) =>
        FromGraph(new ActorRefSink<TIn>(actorRef, null, null, onCompleteMessage, onFailureMessage));

    /// <summary>Sends elements to an actor, each after the actor has acknowledged the one before to the sender.</summary>
    public static Sink<TIn, NotUsed> ActorRefWithAck<TIn>(IActorRef actorRef, object onInitMessage, object ackMessage, object onCompleteMessage, Func<Exception, object>? onFailureMessage = null) =>
        FromGraph(new ActorRefSink<TIn>(
            actorRef, onInitMessage, ackMessage, onCompleteMessage, onFailureMessage ?? (cause => new Status.Failure(cause))));

    public static Sink<TIn, TMat> FromGraph<TIn, TMat>(IGraph<SinkShape<TIn>, TMat> graph) =>
        graph as Sink<TIn, TMat> ?? new Sink<TIn, TMat>(graph.Shape, graph.Blueprint);

    private static Sink<T, Task<T>> One<T>(bool last, bool orDefault) =>
        FromGraph(new GatherSink<T, T>(() => new OneGatherer<T>(last, orDefault)));
}
