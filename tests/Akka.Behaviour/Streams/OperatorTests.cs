using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.Supervision;
using Akka.Util;

namespace Akka.Behaviour.Streams;

/// <summary>What the operators do with elements, completion and failure.</summary>
public sealed class OperatorTests : TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ActorMaterializer _materializer;

    public OperatorTests()
        : base("akka.test.single-expect-default = 20s") => _materializer = Sys.Materializer();

    [Fact]
    public async Task Linear_operators_transform_in_order()
    {
        IEnumerable<int> result = await Run(Source.From(Enumerable.Range(1, 20))
            .Where(n => n % 2 == 0).Select(n => n * 10).Skip(1).Take(4).TakeWhile(n => n < 100));
        Assert.Equal([40, 60, 80], result);
    }

    [Fact]
    public async Task SelectAsync_keeps_the_order_and_bounds_the_tasks()
    {
        int running = 0;
        int most = 0;
        IEnumerable<int> result = await Run(Source.From(Enumerable.Range(0, 50)).SelectAsync(4, async n =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            for (int i = 0; i < 50 - n; i++)
            {
                await Task.Yield();
            }

            Interlocked.Decrement(ref running);
            return n;
        }));
        Assert.Equal(Enumerable.Range(0, 50), result);
        Assert.InRange(most, 1, 4);
    }

    [Fact]
    public async Task SelectAsync_waits_for_tasks_in_flight_before_it_completes()
    {
        TaskCompletionSource<int> last = new();
        Task<System.Collections.Immutable.IImmutableList<int>> all = Run(Source.Single(1).SelectAsync(2, _ => last.Task));
        Assert.False(all.IsCompleted);
        last.SetResult(7);
        Assert.Equal([7], await all.WaitAsync(Limit));
    }

    [Fact]
    public async Task SelectAsync_fails_or_drops_by_its_decider()
    {
        Source<int, NotUsed> source = Source.From(Enumerable.Range(0, 5)).SelectAsync(2, n =>
            n == 2 ? Task.FromException<int>(new InvalidOperationException("two")) : Task.FromResult(n));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(source));
        IEnumerable<int> rest = await Run(source.WithAttributes(ActorAttributes.CreateSupervisionStrategy(Deciders.ResumingDecider)));
        Assert.Equal([0, 1, 3, 4], rest);
    }

    [Fact]
    public async Task SelectAsyncUnordered_emits_in_the_order_of_completion()
    {
        TaskCompletionSource<int> slow = new();
        Task<System.Collections.Immutable.IImmutableList<int>> all = Run(Source.From([0, 1]).SelectAsyncUnordered(2, n =>
        {
            if (n == 0)
            {
                return slow.Task;
            }

            return Task.FromResult(1);
        }).Select(n =>
        {
            slow.TrySetResult(0);
            return n;
        }));
        Assert.Equal([1, 0], await all.WaitAsync(Limit));
    }

    [Fact]
    public async Task Failure_reaches_the_sink_and_resuming_drops_the_element()
    {
        Source<int, NotUsed> source = Source.From([1, 0, 2]).Select(n => 10 / n);
        await Assert.ThrowsAsync<DivideByZeroException>(() => Run(source));
        Assert.Equal([10, 5], await Run(source.WithAttributes(ActorAttributes.CreateSupervisionStrategy(Deciders.ResumingDecider))));
    }

    [Fact]
    public async Task Recover_replaces_the_failure_by_a_last_element()
    {
        IEnumerable<int> result = await Run(Source.From([1, 0, 2]).Select(n => 10 / n).Recover(_ => new Option<int>(-1)));
        Assert.Equal([10, -1], result);
    }

    [Fact]
    public async Task Grouped_emits_a_smaller_last_group()
    {
        IEnumerable<IEnumerable<int>> groups = await Run(Source.From(Enumerable.Range(1, 5)).Grouped(2));
        Assert.Equal(["1,2", "3,4", "5"], groups.Select(group => string.Join(',', group)));
    }

    [Fact]
    public async Task GroupedWithin_emits_at_its_number_and_at_the_end()
    {
        IEnumerable<IEnumerable<int>> groups = await Run(Source.From(Enumerable.Range(1, 5)).GroupedWithin(3, TimeSpan.FromMinutes(1)));
        Assert.Equal(["1,2,3", "4,5"], groups.Select(group => string.Join(',', group)));
    }

    [Fact]
    public async Task GroupedWithin_emits_when_its_time_is_up()
    {
        IEnumerable<int> group = await Source.From([1, 2]).Concat(Source.Never<int>()).GroupedWithin(10, TimeSpan.FromMilliseconds(50))
            .RunWith(Sink.First<IEnumerable<int>>(), _materializer).WaitAsync(Limit);
        Assert.Equal([1, 2], group);
    }

    [Fact]
    public async Task GroupedWeightedWithin_emits_at_its_weight()
    {
        IEnumerable<IEnumerable<int>> groups = await Run(
            Source.From([4, 4, 4, 10, 1]).GroupedWeightedWithin(10, TimeSpan.FromMinutes(1), n => n));
        Assert.Equal(["4,4", "4", "10", "1"], groups.Select(group => string.Join(',', group)));
    }

    [Fact]
    public async Task Batch_gathers_only_what_comes_while_downstream_is_busy()
    {
        TaskCompletionSource<NotUsed> first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int calls = 0;
        (ISourceQueueWithComplete<int> queue, Task<System.Collections.Immutable.IImmutableList<string>> all) =
            Source.Queue<int>(16, OverflowStrategy.Backpressure)
                .BatchWeighted(3, _ => 1, n => $"{n}", (batch, n) => $"{batch},{n}")
                .SelectAsync(1, async batch =>
                {
                    if (Interlocked.Increment(ref calls) == 1)
                    {
                        await first.Task;
                    }

                    return batch;
                })
                .ToMaterialized(Sink.Seq<string>(), Keep.Both).Run(_materializer);
        for (int i = 1; i <= 6; i++)
        {
            await queue.OfferAsync(i).WaitAsync(Limit);
        }

        first.SetResult(NotUsed.Instance);
        queue.Complete();
        IEnumerable<string> batches = await all.WaitAsync(Limit);
        Assert.Equal("1", batches.First());
        Assert.Equal("1,2,3,4,5,6", string.Join(',', batches));
        Assert.All(batches, batch => Assert.InRange(batch.Split(',').Length, 1, 3));
    }

    [Fact]
    public async Task Buffer_that_drops_the_head_keeps_the_youngest()
    {
        TaskCompletionSource<NotUsed> gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<System.Collections.Immutable.IImmutableList<int>> all = Run(
            Source.From(Enumerable.Range(1, 10))
                .Select(n =>
                {
                    if (n == 10)
                    {
                        drained.SetResult();
                    }

                    return n;
                })
                .Buffer(3, OverflowStrategy.DropHead)
                .SelectAsync(1, async n =>
                {
                    await gate.Task;
                    return n;
                }));
        await drained.Task.WaitAsync(Limit);
        gate.SetResult(NotUsed.Instance);
        Assert.Equal([8, 9, 10], (await all.WaitAsync(Limit)).TakeLast(3));
    }

    [Fact]
    public async Task Conflate_sums_what_downstream_did_not_take()
    {
        int sum = await Source.From(Enumerable.Range(1, 100)).Conflate((a, b) => a + b)
            .RunAggregate(0, (total, n) => total + n, _materializer).WaitAsync(Limit);
        Assert.Equal(5050, sum);
    }

    [Fact]
    public async Task Merge_and_concat_bring_all_elements()
    {
        Assert.Equal([1, 2, 3, 4], await Run(Source.From([1, 2]).Concat(Source.From([3, 4]))));
        Assert.Equal([1, 2, 3, 4], (await Run(Source.From([1, 2]).Merge(Source.From([3, 4])))).Order());
    }

    [Fact]
    public async Task Throttle_lets_the_burst_through_and_spreads_the_rest()
    {
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        await Run(Source.From(Enumerable.Range(0, 6)).Throttle(1, TimeSpan.FromMilliseconds(50), 2, ThrottleMode.Shaping));
        Assert.True(watch.ElapsedMilliseconds >= 150, $"took {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    public async Task WatchTermination_tells_of_completion_and_failure()
    {
        Task<Done> completed = Source.Single(1).WatchTermination(Keep.Right).To(Sink.Ignore<int>()).Run(_materializer);
        Assert.Same(Done.Instance, await completed.WaitAsync(Limit));
        Task<Done> failed = Source.Failed<int>(new InvalidOperationException("no")).WatchTermination(Keep.Right)
            .To(Sink.Ignore<int>()).Run(_materializer);
        await Assert.ThrowsAsync<InvalidOperationException>(() => failed.WaitAsync(Limit));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    private Task<System.Collections.Immutable.IImmutableList<T>> Run<T>(Source<T, NotUsed> source) =>
        source.RunWith(Sink.Seq<T>(), _materializer).WaitAsync(Limit);
}
