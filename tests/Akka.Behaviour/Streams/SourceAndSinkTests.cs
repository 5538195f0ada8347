using System.Threading.Channels;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;

namespace Akka.Behaviour.Streams;

/// <summary>Queues, channels, actors, kill switches and the end of a materializer.</summary>
public sealed class SourceAndSinkTests : TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ActorMaterializer _materializer;

    public SourceAndSinkTests()
        : base("akka.test.single-expect-default = 20s") => _materializer = Sys.Materializer();

    [Fact]
    public async Task Queue_delivers_offers_in_order_and_completes_after_them()
    {
        (ISourceQueueWithComplete<int> queue, Task<System.Collections.Immutable.IImmutableList<int>> all) =
            Source.Queue<int>(8, OverflowStrategy.Backpressure).ToMaterialized(Sink.Seq<int>(), Keep.Both).Run(_materializer);
        for (int i = 0; i < 100; i++)
        {
            Assert.IsType<QueueOfferResult.Enqueued>(await queue.OfferAsync(i).WaitAsync(Limit));
        }

        queue.Complete();
        Assert.Equal(Enumerable.Range(0, 100), await all.WaitAsync(Limit));
        await queue.WatchCompletionAsync().WaitAsync(Limit);
    }

    [Fact]
    public async Task Queue_makes_one_offer_wait_while_it_is_full_and_refuses_a_second()
    {
        (ISourceQueueWithComplete<int> queue, TaskCompletionSource gate) = GatedQueue(1, OverflowStrategy.Backpressure);
        List<Task<IQueueOfferResult>> offers = [.. Enumerable.Range(0, 10).Select(queue.OfferAsync)];
        await Assert.ThrowsAnyAsync<Exception>(() => offers[^1].WaitAsync(Limit));
        Task<IQueueOfferResult> waiting = Assert.Single(offers, offer => !offer.IsCompleted);
        gate.SetResult();
        Assert.IsType<QueueOfferResult.Enqueued>(await waiting.WaitAsync(Limit));
    }

    [Fact]
    public async Task Queue_that_drops_new_elements_says_so()
    {
        (ISourceQueueWithComplete<int> queue, TaskCompletionSource gate) = GatedQueue(1, OverflowStrategy.DropNew);
        IQueueOfferResult result;
        int offers = 0;
        do
        {
            result = await queue.OfferAsync(offers++).WaitAsync(Limit);
        }
        while (result is QueueOfferResult.Enqueued && offers < 100);
        Assert.IsType<QueueOfferResult.Dropped>(result);
        gate.SetResult();
    }

    [Fact]
    public async Task Queue_failure_fails_the_stream_and_its_completion()
    {
        (ISourceQueueWithComplete<int> queue, Task<Done> done) =
            Source.Queue<int>(8, OverflowStrategy.Backpressure).ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(_materializer);
        queue.Fail(new InvalidOperationException("no"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => done.WaitAsync(Limit));
        await Assert.ThrowsAsync<InvalidOperationException>(() => queue.WatchCompletionAsync().WaitAsync(Limit));
    }

    [Fact]
    public async Task Queue_refuses_offers_after_its_end()
    {
        (ISourceQueueWithComplete<int> queue, Task<Done> done) =
            Source.Queue<int>(8, OverflowStrategy.Backpressure).ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(_materializer);
        queue.Complete();
        await done.WaitAsync(Limit);
        await queue.WatchCompletionAsync().WaitAsync(Limit);
        Assert.IsNotType<QueueOfferResult.Enqueued>(await OutcomeOf(queue.OfferAsync(1)));
    }

    [Fact]
    public async Task Channel_source_ends_with_its_channel()
    {
        Channel<int> channel = Channel.CreateBounded<int>(2);
        Task<System.Collections.Immutable.IImmutableList<int>> all =
            ChannelSource.FromReader(channel.Reader).RunWith(Sink.Seq<int>(), _materializer);
        for (int i = 0; i < 20; i++)
        {
            await channel.Writer.WriteAsync(i);
        }

        channel.Writer.Complete();
        Assert.Equal(Enumerable.Range(0, 20), await all.WaitAsync(Limit));
    }

    [Fact]
    public async Task Actor_ref_source_takes_messages_until_success()
    {
        (IActorRef actor, Task<System.Collections.Immutable.IImmutableList<int>> all) =
            Source.ActorRef<int>(16, OverflowStrategy.Fail).ToMaterialized(Sink.Seq<int>(), Keep.Both).Run(_materializer);
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell(new Status.Success("done"));
        Assert.Equal([1, 2], await all.WaitAsync(Limit));
    }

    [Fact]
    public void Actor_ref_with_ack_sends_the_next_after_the_acknowledgement()
    {
        Source.From([1, 2]).RunWith(Sink.ActorRefWithAck<int>(TestActor, "init", "ack", "complete"), _materializer);
        ExpectMsg("init");
        IActorRef stream = LastSender;
        stream.Tell("ack");
        ExpectMsg(1);
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        stream.Tell("ack");
        ExpectMsg(2);
        ExpectMsg("complete");
    }

    [Fact]
    public async Task Kill_switch_completes_or_fails_the_stream()
    {
        (UniqueKillSwitch completing, Task<Done> completed) = Source.Never<int>()
            .ViaMaterialized(KillSwitches.Single<int>(), Keep.Right).ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(_materializer);
        completing.Shutdown();
        await completed.WaitAsync(Limit);
        SharedKillSwitch shared = KillSwitches.Shared("all");
        Task<Done>[] failed = [.. Enumerable.Range(0, 2).Select(_ => Source.Never<int>()
            .Via(shared.Flow<int>()).RunWith(Sink.Ignore<int>(), _materializer))];
        shared.Abort(new InvalidOperationException("all of you"));
        foreach (Task<Done> each in failed)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => each.WaitAsync(Limit));
        }
    }

    [Fact]
    public async Task Tick_source_ticks_until_cancelled()
    {
        (ICancelable cancelable, Task<System.Collections.Immutable.IImmutableList<string>> all) =
            Source.Tick(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), "tick").Take(3).ToMaterialized(Sink.Seq<string>(), Keep.Both).Run(_materializer);
        Assert.Equal(["tick", "tick", "tick"], await all.WaitAsync(Limit));
        cancelable.Cancel();
    }

    [Fact]
    public async Task First_cancels_upstream_and_fails_on_an_empty_stream()
    {
        Assert.Equal(5, await Source.Repeat(5).RunWith(Sink.First<int>(), _materializer).WaitAsync(Limit));
        await Assert.ThrowsAsync<NoSuchElementException>(
            () => Source.Empty<int>().RunWith(Sink.First<int>(), _materializer).WaitAsync(Limit));
    }

    [Fact]
    public async Task Graph_can_be_run_many_times()
    {
        IRunnableGraph<Task<int>> graph = Source.From(Enumerable.Range(1, 4))
            .ToMaterialized(Sink.Aggregate<int, int>(0, (sum, n) => sum + n), Keep.Right);
        Assert.Equal(10, await graph.Run(_materializer).WaitAsync(Limit));
        Assert.Equal(10, await graph.Run(_materializer).WaitAsync(Limit));
    }

    [Fact]
    public async Task Shutdown_of_the_materializer_ends_streams_abruptly()
    {
        ActorMaterializer own = Sys.Materializer();
        Task<Done> done = Source.Never<int>().RunWith(Sink.Ignore<int>(), own);
        own.Shutdown();
        await Assert.ThrowsAnyAsync<Exception>(() => done.WaitAsync(Limit));
    }

    private static async Task<object> OutcomeOf(Task<IQueueOfferResult> offer)
    {
        try
        {
            return await offer.WaitAsync(Limit);
        }
        catch (Exception refusal) when (refusal is not TimeoutException)
        {
            return refusal;
        }
    }

    private (ISourceQueueWithComplete<int> Queue, TaskCompletionSource Gate) GatedQueue(int bufferSize, OverflowStrategy strategy)
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ISourceQueueWithComplete<int> queue = Source.Queue<int>(bufferSize, strategy)
            .SelectAsync(1, async n =>
            {
                await gate.Task;
                return n;
            })
            .To(Sink.Ignore<int>()).Run(_materializer);
        return (queue, gate);
    }
}
