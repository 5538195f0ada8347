using Akka.Actor;
using Broker.Actors.Clustering;
using Broker.Actors.Unit.EndToEnd;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Clustering;

/// <summary>What a start that is cut off from the others learns from the bucket.</summary>
public sealed class FirstPlaceActorTests : ActorTest
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task J3_coordinators_node_becomes_the_first_and_takes_the_place_back_from_others()
    {
        NodeRegistry registry = new(_store);
        NodeEntry before = Entry(1);
        await registry.TakeFirstAsync(before, null, default);
        NodeEntry mine = Entry(2);
        int failures = 2;
        NodeRegistry faulty = new(new FaultyObjectStore(_store, (_, _, _) => Interlocked.Decrement(ref failures) >= 0 ? Fault.Refuse : Fault.None));

        Sys.ActorOf(Props.Create(() => new FirstPlaceActor(faulty, mine, Often, TimeProvider.System, NullLogger.Instance)));
        await IsFirstAsync();
        (_, string etag) = (await registry.FindFirstAsync(default))!.Value;
        Assert.True(await registry.TakeFirstAsync(Entry(3), etag, default));

        await IsFirstAsync();

        Task IsFirstAsync() => Eventually.HoldsAsync(async () => (await registry.FindFirstAsync(default))!.Value.Entry == mine, "the coordinator's node is not the first");
    }

    // As when a connection gets stuck: the claim would stand for long enough to count.
    [Fact]
    public async Task J3_request_that_hangs_does_not_keep_the_place_from_being_taken_back()
    {
        NodeRegistry registry = new(_store);
        NodeEntry mine = Entry(2);
        HangingStore hanging = new(_store);
        Sys.ActorOf(Props.Create(() => new FirstPlaceActor(new NodeRegistry(hanging), mine, Often, TimeProvider.System, NullLogger.Instance)));
        await Eventually.HoldsAsync(async () => (await registry.FindFirstAsync(default))?.Entry == mine && hanging.Heads > 2, "the coordinator's node is not the first");
        hanging.HangNext = 2;
        await Eventually.HoldsAsync(() => Task.FromResult(hanging.HangNext == 0), "no request hangs");
        (_, string etag) = (await registry.FindFirstAsync(default))!.Value;
        Assert.True(await registry.TakeFirstAsync(Entry(3), etag, default));
        long claimed = TimeProvider.System.GetTimestamp();

        await Eventually.HoldsAsync(async () => (await registry.FindFirstAsync(default))!.Value.Entry == mine, "the place is not taken back");

        Assert.InRange(TimeProvider.System.GetElapsedTime(claimed), TimeSpan.Zero, FirstClaim.Undefended);
    }

    // It may have been replaced: the place is its successor's then.
    [Fact]
    public async Task Node_that_stood_still_does_not_take_the_place_back_before_it_hears_whether_it_was_replaced()
    {
        NodeRegistry registry = new(_store);
        LateClock clock = new();
        NodeEntry mine = Entry(2);
        Sys.ActorOf(Props.Create(() => new FirstPlaceActor(registry, mine, Often, clock, NullLogger.Instance)));
        await Eventually.HoldsAsync(async () => (await registry.FindFirstAsync(default))?.Entry == mine, "the coordinator's node is not the first");
        (_, string etag) = (await registry.FindFirstAsync(default))!.Value;
        NodeEntry successor = Entry(3);
        Assert.True(await registry.TakeFirstAsync(successor, etag, default));
        int reads = clock.Reads;

        await Eventually.HoldsAsync(() => Task.FromResult(clock.Reads > reads + 10), "the actor does not look at the clock");

        Assert.Equal(successor, (await registry.FindFirstAsync(default))!.Value.Entry);
    }

    /// <summary>A second passes between any two looks at it.</summary>
    private sealed class LateClock : TimeProvider
    {
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public override long GetTimestamp() => Interlocked.Increment(ref _reads) * TimestampFrequency;
    }

    /// <summary>HEADs that get no answer.</summary>
    private sealed class HangingStore(IObjectStore inner) : ForwardingObjectStore(inner)
    {
        private int _hang;
        private int _heads;

        public int Heads => Volatile.Read(ref _heads);

        public int HangNext
        {
            get => Math.Max(0, Volatile.Read(ref _hang));
            set => Volatile.Write(ref _hang, value);
        }

        public override async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
        {
            Interlocked.Increment(ref _heads);
            if (Interlocked.Decrement(ref _hang) >= 0)
            {
                await Task.Delay(Timeout.Infinite, ct);
            }

            return await base.HeadAsync(key, ct);
        }
    }

    private static NodeEntry Entry(int node) => new(new NodeId(node), Guid.NewGuid(), $"127.0.0.1:{node}", 0);
}
