using Akka.Streams.Implementation;
using Akka.Streams.Implementation.Stages;
using Akka.Util;

namespace Akka.Streams.Dsl;

/// <summary>The operators of a source.</summary>
public static class SourceOperations
{
    /// <summary>Replaces each element.</summary>
    public static Source<TOut, TMat> Select<TIn, TOut, TMat>(this Source<TIn, TMat> flow, Func<TIn, TOut> mapper) =>
        flow.Via(new SelectStage<TIn, TOut>(mapper));

    /// <summary>Drops elements that don't fit.</summary>
    public static Source<TOut, TMat> Where<TOut, TMat>(this Source<TOut, TMat> flow, Predicate<TOut> predicate) =>
        flow.Via(new WhereStage<TOut>(predicate));

    /// <summary>Drops elements that fit.</summary>
    public static Source<TOut, TMat> WhereNot<TOut, TMat>(this Source<TOut, TMat> flow, Predicate<TOut> predicate) =>
        flow.Via(new WhereStage<TOut>(element => !predicate(element)));

    /// <summary>Replaces each element by many.</summary>
    public static Source<TOut2, TMat> SelectMany<TOut1, TOut2, TMat>(this Source<TOut1, TMat> flow, Func<TOut1, IEnumerable<TOut2>> mapConcater) =>
        flow.Via(new SelectManyStage<TOut1, TOut2>(mapConcater));

    /// <summary>Replaces each element by a task's result; up to <paramref name="parallelism"/> tasks run at once, results keep the order.</summary>
    public static Source<TOut, TMat> SelectAsync<TIn, TOut, TMat>(this Source<TIn, TMat> flow, int parallelism, Func<TIn, Task<TOut>> asyncMapper) =>
        flow.Via(new SelectAsyncStage<TIn, TOut>(parallelism, asyncMapper));

    /// <summary>As SelectAsync, with results as they complete.</summary>
    public static Source<TOut, TMat> SelectAsyncUnordered<TIn, TOut, TMat>(this Source<TIn, TMat> flow, int parallelism, Func<TIn, Task<TOut>> asyncMapper) =>
        flow.Via(new SelectAsyncUnorderedStage<TIn, TOut>(parallelism, asyncMapper));

    /// <summary>Gathers up to <paramref name="max"/> elements while downstream does not ask.</summary>
    public static Source<TOut2, TMat> Batch<TOut, TOut2, TMat>(this Source<TOut, TMat> flow, long max, Func<TOut, TOut2> seed, Func<TOut2, TOut, TOut2> aggregate) =>
        flow.Via(new BatchStage<TOut, TOut2>(max, static _ => 1, seed, aggregate));

    /// <summary>Gathers elements up to the cost <paramref name="max"/> while downstream does not ask; a costlier one goes alone.</summary>
    public static Source<TOut2, TMat> BatchWeighted<TOut, TOut2, TMat>(this Source<TOut, TMat> flow, long max, Func<TOut, long> costFunction, Func<TOut, TOut2> seed, Func<TOut2, TOut, TOut2> aggregate) =>
        flow.Via(new BatchStage<TOut, TOut2>(max, costFunction, seed, aggregate));

    /// <summary>Gathers any number of elements into one while downstream does not ask.</summary>
    public static Source<TOut, TMat> Conflate<TOut, TMat>(this Source<TOut, TMat> flow, Func<TOut, TOut, TOut> aggregate) =>
        flow.Via(new BatchStage<TOut, TOut>(long.MaxValue, static _ => 0, static element => element, aggregate));

    /// <summary>As Conflate, into a value of another type.</summary>
    public static Source<TSeed, TMat> ConflateWithSeed<TOut, TMat, TSeed>(this Source<TOut, TMat> flow, Func<TOut, TSeed> seed, Func<TSeed, TOut, TSeed> aggregate) =>
        flow.Via(new BatchStage<TOut, TSeed>(long.MaxValue, static _ => 0, seed, aggregate));

    /// <summary>Holds up to <paramref name="size"/> elements while downstream does not ask.</summary>
    public static Source<TOut, TMat> Buffer<TOut, TMat>(this Source<TOut, TMat> flow, int size, OverflowStrategy strategy) =>
        flow.Via(new BufferStage<TOut>(size, strategy));

    /// <summary>Groups of <paramref name="n"/>; the last may be smaller.</summary>
    public static Source<IEnumerable<TOut>, TMat> Grouped<TOut, TMat>(this Source<TOut, TMat> flow, int n) =>
        flow.Via(new GroupedStage<TOut>(n));

    /// <summary>Groups of up to <paramref name="n"/>, emitted after <paramref name="timeout"/> at the latest.</summary>
    public static Source<IEnumerable<TOut>, TMat> GroupedWithin<TOut, TMat>(this Source<TOut, TMat> flow, int n, TimeSpan timeout) =>
        flow.Via(new GroupedWithinStage<TOut>(long.MaxValue, n, static _ => 1, timeout));

    /// <summary>Groups up to a weight, emitted after <paramref name="interval"/> at the latest.</summary>
    public static Source<IEnumerable<TOut>, TMat> GroupedWeightedWithin<TOut, TMat>(this Source<TOut, TMat> flow, long maxWeight, TimeSpan interval, Func<TOut, long> costFn) =>
        flow.Via(new GroupedWithinStage<TOut>(maxWeight, int.MaxValue, costFn, interval));

    /// <summary>Groups up to a weight and a number, emitted after <paramref name="interval"/> at the latest.</summary>
    public static Source<IEnumerable<TOut>, TMat> GroupedWeightedWithin<TOut, TMat>(this Source<TOut, TMat> flow, long maxWeight, int maxNumber, TimeSpan interval, Func<TOut, long> costFn) =>
        flow.Via(new GroupedWithinStage<TOut>(maxWeight, maxNumber, costFn, interval));

    /// <summary>Completes after <paramref name="n"/> elements.</summary>
    public static Source<TOut, TMat> Take<TOut, TMat>(this Source<TOut, TMat> flow, long n) =>
        flow.Via(new TakeStage<TOut>(n));

    /// <summary>Drops the first <paramref name="n"/> elements.</summary>
    public static Source<TOut, TMat> Skip<TOut, TMat>(this Source<TOut, TMat> flow, long n) =>
        flow.Via(new SkipStage<TOut>(n));

    /// <summary>Completes at the first element that does not fit.</summary>
    public static Source<TOut, TMat> TakeWhile<TOut, TMat>(this Source<TOut, TMat> flow, Predicate<TOut> predicate, bool inclusive = false) =>
        flow.Via(new TakeWhileStage<TOut>(predicate, inclusive));

    /// <summary>Drops elements up to the first that does not fit.</summary>
    public static Source<TOut, TMat> SkipWhile<TOut, TMat>(this Source<TOut, TMat> flow, Predicate<TOut> predicate) =>
        flow.Via(new SkipWhileStage<TOut>(predicate));

    /// <summary>Emits the state before and after each element.</summary>
    public static Source<TOut2, TMat> Scan<TOut1, TOut2, TMat>(this Source<TOut1, TMat> flow, TOut2 zero, Func<TOut2, TOut1, TOut2> scan) =>
        flow.Via(new ScanStage<TOut1, TOut2>(zero, scan));

    /// <summary>Emits the state after the last element.</summary>
    public static Source<TOut2, TMat> Aggregate<TOut1, TOut2, TMat>(this Source<TOut1, TMat> flow, TOut2 zero, Func<TOut2, TOut1, TOut2> fold) =>
        flow.Via(new AggregateStage<TOut1, TOut2>(zero, fold));

    /// <summary>Lets <paramref name="elements"/> pass per span, after an idle time up to <paramref name="maximumBurst"/> at once.</summary>
    public static Source<TOut, TMat> Throttle<TOut, TMat>(this Source<TOut, TMat> flow, int elements, TimeSpan per, int maximumBurst, ThrottleMode mode) =>
        flow.Via(new ThrottleStage<TOut>(elements, per, maximumBurst, static _ => 1, mode));

    /// <summary>As the other, by cost.</summary>
    public static Source<TOut, TMat> Throttle<TOut, TMat>(this Source<TOut, TMat> flow, int cost, TimeSpan per, int maximumBurst, Func<TOut, int> calculateCost, ThrottleMode mode) =>
        flow.Via(new ThrottleStage<TOut>(cost, per, maximumBurst, calculateCost, mode));

    /// <summary>Replaces a failure by a last element, if <paramref name="partialFunc"/> gives one.</summary>
    public static Source<TOut, TMat> Recover<TOut, TMat>(this Source<TOut, TMat> flow, Func<Exception, Option<TOut>> partialFunc) =>
        flow.Via(new RecoverStage<TOut>(partialFunc));

    /// <summary>Combines the materialized value with a task that tells how the stream ended here.</summary>
    public static Source<TOut, TMat2> WatchTermination<TOut, TMat, TMat2>(this Source<TOut, TMat> flow, Func<TMat, Task<Done>, TMat2> materializerFunction) =>
        flow.ViaMaterialized(new WatchTerminationStage<TOut>(), materializerFunction);

    /// <summary>These elements, then those of the other.</summary>
    public static Source<TOut, TMat> Concat<TOut, TMat>(this Source<TOut, TMat> flow, IGraph<SourceShape<TOut>, TMat> other) =>
        flow.ConcatMaterialized(other, Keep.Left);

    /// <summary>The elements of both as they come; ends with the last, or with the first if <paramref name="eagerComplete"/>.</summary>
    public static Source<TOut2, TMat> Merge<TOut1, TOut2, TMat>(this Source<TOut1, TMat> flow, IGraph<SourceShape<TOut2>, TMat> other, bool eagerComplete = false)
        where TOut1 : TOut2 => new(new SourceShape<TOut2>(other.Shape.Outlet), Fusing.Join<TMat, TMat, TMat>(
            ((IGraph<SourceShape<TOut1>>)flow).Blueprint, other.Blueprint, Fusing.Of(new MergeStage<TOut1, TOut2, TOut2>(eagerComplete)), Keep.Left));

    /// <summary>Sends every element to a sink as well; the slower of both sets the pace.</summary>
    public static Source<TOut, TMat> AlsoTo<TOut, TMat>(this Source<TOut, TMat> flow, IGraph<SinkShape<TOut>, TMat> that) =>
        new(flow.Shape, Fusing.Split<TMat, TMat, TMat>(
            ((IGraph<SourceShape<TOut>>)flow).Blueprint, Fusing.Of(new BroadcastStage<TOut>()), that.Blueprint, Keep.Left));
}
