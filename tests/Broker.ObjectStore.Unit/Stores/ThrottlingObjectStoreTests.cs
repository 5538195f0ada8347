using System.Buffers;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class ThrottlingObjectStoreTests
{
    private static readonly ObjectKey Key = new("k");
    private static readonly ThrottlingObjectStoreOptions Eight = new() { MaxConcurrent = 8 };

    private readonly SteppedTime _time = new();

    [Fact]
    public async Task Requests_beyond_the_limit_wait_for_their_turn_in_their_order()
    {
        AdaptiveLimit limit = new(Eight);
        AdaptiveLimit.Turn[] turns = await BeginAsync(limit, 8);
        Task<AdaptiveLimit.Turn> ninth = limit.BeginAsync(isUrgent: true, default).AsTask();
        Task<AdaptiveLimit.Turn> tenth = limit.BeginAsync(isUrgent: true, default).AsTask();
        Assert.Equal((2, false, false), (limit.Waiting, ninth.IsCompleted, tenth.IsCompleted));
        limit.End(turns[0], wasThrottled: false, wasServed: true);
        await ninth;
        Assert.False(tenth.IsCompleted);
        limit.End(turns[1], wasThrottled: false, wasServed: true);
        await tenth;
    }

    [Fact]
    public async Task One_overload_halves_the_limit_once_however_many_requests_meet_it()
    {
        AdaptiveLimit limit = new(Eight);
        foreach (AdaptiveLimit.Turn turn in await BeginAsync(limit, 8))
        {
            limit.End(turn, wasThrottled: true, wasServed: false);
        }

        Assert.Equal(4, limit.Limit);
        foreach (int expected in new[] { 2, 1, 1 })
        {
            limit.End((await BeginAsync(limit, 1))[0], wasThrottled: true, wasServed: false);
            Assert.Equal(expected, limit.Limit);
        }
    }

    [Fact]
    public async Task The_limit_grows_by_one_in_a_round_of_successes_and_only_while_it_is_reached()
    {
        AdaptiveLimit limit = new(Eight);
        limit.End((await BeginAsync(limit, 1))[0], wasThrottled: true, wasServed: false);
        for (int i = 0; i < 100; i++)
        {
            limit.End((await BeginAsync(limit, 1))[0], wasThrottled: false, wasServed: true);
        }

        Assert.Equal(4, limit.Limit);
        Queue<AdaptiveLimit.Turn> running = new(await BeginAsync(limit, 4));
        int rounds = 0;
        for (; limit.Limit < 8; rounds++)
        {
            for (int i = limit.Limit; i > 0; i--)
            {
                Task<AdaptiveLimit.Turn> next = limit.BeginAsync(isUrgent: true, default).AsTask();
                limit.End(running.Dequeue(), wasThrottled: false, wasServed: true);
                running.Enqueue(await next);
            }

            while (running.Count < limit.Limit)
            {
                running.Enqueue(await limit.BeginAsync(isUrgent: true, default));
            }
        }

        Assert.InRange(rounds, 4, 8);
    }

    [Fact]
    public async Task A_request_that_waits_too_long_or_behind_too_many_is_refused()
    {
        AdaptiveLimit limit = new(Eight with { MaxWaiting = 1, Time = _time });
        AdaptiveLimit.Turn[] turns = await BeginAsync(limit, 8);
        Task<AdaptiveLimit.Turn> waiting = limit.BeginAsync(isUrgent: true, default).AsTask();
        Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<StorageException>(async () => await limit.BeginAsync(isUrgent: true, default))).Kind);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<StorageException>(() => waiting)).Kind);
        Assert.Equal(0, limit.Waiting);

        using CancellationTokenSource giveUp = new();
        Task<AdaptiveLimit.Turn> cancelled = limit.BeginAsync(isUrgent: true, giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        limit.End(turns[0], wasThrottled: false, wasServed: true);
        await limit.BeginAsync(isUrgent: true, default).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_quarter_of_the_turns_is_for_urgent_requests_which_go_first()
    {
        AdaptiveLimit limit = new(Eight);
        AdaptiveLimit.Turn[] ordinary = await BeginAsync(limit, 6, isUrgent: false);
        Task<AdaptiveLimit.Turn> seventh = limit.BeginAsync(isUrgent: false, default).AsTask();
        AdaptiveLimit.Turn[] urgent = await BeginAsync(limit, 2);
        Task<AdaptiveLimit.Turn> third = limit.BeginAsync(isUrgent: true, default).AsTask();
        Assert.Equal((2, false, false), (limit.Waiting, seventh.IsCompleted, third.IsCompleted));

        limit.End(ordinary[0], wasThrottled: false, wasServed: true);
        await third;
        limit.End(urgent[0], wasThrottled: false, wasServed: true);
        await seventh;
        Assert.Equal(0, limit.Waiting);
    }

    [Fact]
    public async Task The_limit_grows_by_ordinary_requests_alone_and_one_turn_is_enough_for_them()
    {
        AdaptiveLimit limit = new(Eight);
        for (int halved = 0; halved < 3; halved++)
        {
            limit.End((await BeginAsync(limit, 1, isUrgent: false))[0], wasThrottled: true, wasServed: false);
        }

        Assert.Equal(1, limit.Limit);
        for (int rounds = 0; rounds < 100 && limit.Limit < 8; rounds++)
        {
            foreach (AdaptiveLimit.Turn turn in await BeginAsync(limit, limit.Limit - (limit.Limit / 4), isUrgent: false))
            {
                limit.End(turn, wasThrottled: false, wasServed: true);
            }
        }

        Assert.Equal(8, limit.Limit);
    }

    [Fact]
    public async Task Reads_that_hang_do_not_stop_the_write_ahead_log()
    {
        ScriptedStore script = new() { HoldsReads = true, Next = () => PutResult.Written("1") };
        ThrottlingObjectStore store = new(script, Eight);
        Task[] reads = [.. Enumerable.Range(0, 20).Select(i => new PurposeObjectStore(store, StorePurpose.Read).GetAsync(new ObjectKey($"{i}"), ByteRange.All, default).AsTask())];
        ValueTask<PutResult> put = new PurposeObjectStore(store, StorePurpose.Wal).PutAsync(Key, Body, PutCondition.IfAbsent, default);
        Assert.Equal(PutOutcome.Written, (await put.AsTask().WaitAsync(TimeSpan.FromSeconds(30))).Outcome);
        script.Release.SetResult();
        await Task.WhenAll(reads);
    }

    [Fact]
    public async Task A_thousand_that_wait_are_served_one_after_the_other()
    {
        ThrottlingObjectStore store = new(new InMemoryObjectStore(), new ThrottlingObjectStoreOptions { MaxConcurrent = 1, MaxWaiting = 10_000 });
        PutResult[] results = await Task.WhenAll(Enumerable.Range(0, 5_000).Select(i => store.PutAsync(new ObjectKey($"k{i}"), Body, PutCondition.IfAbsent, default).AsTask()));
        Assert.All(results, result => Assert.Equal(PutOutcome.Written, result.Outcome));
        Assert.Equal(0, store.Waiting);
    }

    [Fact]
    public async Task Throttled_answers_of_any_request_lower_the_limit_and_others_do_not()
    {
        ScriptedStore script = new();
        ThrottlingObjectStore store = new(script, Eight);
        script.Next = () => throw new StoreThrottledException("slow down");
        await Assert.ThrowsAsync<StoreThrottledException>(async () => await store.PutAsync(Key, Body, PutCondition.IfAbsent, default));
        Assert.Equal(4, store.Limit);
        script.Next = () => PutResult.Unknown(new StoreThrottledException("slow down"));
        Assert.Equal(PutOutcome.Unknown, (await store.PutAsync(Key, Body, PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal(2, store.Limit);
        script.Next = () => throw new StorageException(StorageErrorKind.Unavailable, "out of reach");
        await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync(Key, Body, PutCondition.IfAbsent, default));
        script.Next = () => PutResult.Unknown(null);
        await store.PutAsync(Key, Body, PutCondition.IfAbsent, default);
        Assert.Equal((2, 0), (store.Limit, store.Waiting));
    }

    private static ReadOnlySequence<byte> Body => new([1]);

    private static async Task<AdaptiveLimit.Turn[]> BeginAsync(AdaptiveLimit limit, int count, bool isUrgent = true)
    {
        AdaptiveLimit.Turn[] turns = new AdaptiveLimit.Turn[count];
        for (int i = 0; i < count; i++)
        {
            turns[i] = await limit.BeginAsync(isUrgent, default);
        }

        return turns;
    }

    /// <summary>Answers PUTs as it is told.</summary>
    private sealed class ScriptedStore : IObjectStore
    {
        internal Func<PutResult> Next { get; set; } = () => PutResult.ConditionFailed;

        internal bool HoldsReads { get; init; }

        internal TaskCompletionSource Release { get; } = new();

        public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) => ValueTask.FromResult(Next());

        public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        {
            Assert.True(HoldsReads);
            await Release.Task;
            return default;
        }

        public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => throw new NotSupportedException();

        public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => throw new NotSupportedException();
    }
}
