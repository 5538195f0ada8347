using System.Buffers;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class RetryingObjectStoreTests
{
    private static readonly ObjectKey Key = new("k");

    private readonly InMemoryObjectStore _store = new();
    private readonly JumpingTime _time = new();

    [Fact]
    public async Task Refused_requests_are_tried_until_they_succeed()
    {
        RetryingObjectStore store = Retrying((_, _, number) => number % 3 < 2 ? Fault.Refuse : Fault.None);
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(Key, Body(1), PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal(1, (await store.GetAsync(Key, ByteRange.All, default)).Span[0]);
        Assert.NotNull(await store.HeadAsync(Key, default));
        await foreach (ObjectInfo info in store.ListAsync("", null, default))
        {
            Assert.Equal(Key, info.Key);
        }

        await store.DeleteAsync(Key, default);
        Assert.Empty(_store.Keys);
    }

    [Fact]
    public async Task An_outage_beyond_the_deadline_is_Unavailable()
    {
        long start = _time.GetTimestamp();
        RetryingObjectStore store = Retrying((_, _, _) => Fault.Refuse);
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            async () => await store.PutAsync(Key, Body(1), PutCondition.IfAbsent, default));
        Assert.Equal(StorageErrorKind.Unavailable, error.Kind);
        Assert.InRange(_time.GetElapsedTime(start).TotalSeconds, 30, 33);
    }

    [Theory]
    [InlineData(Fault.UnknownApplied)]
    [InlineData(Fault.UnknownLost)]
    [InlineData(Fault.UnknownLate)]
    public async Task A_conditional_put_with_a_lost_answer_is_written_once_and_known_to_be(Fault fault)
    {
        FaultyObjectStore faulty = new(_store, (_, _, number) => number == 0 ? fault : Fault.None);
        RetryingObjectStore store = Retrying(faulty);
        PutResult result = await store.PutAsync(Key, Body(1), PutCondition.IfAbsent, default);
        Assert.Equal(PutOutcome.Written, result.Outcome);
        Assert.Equal((await _store.HeadAsync(Key, default))!.ETag, result.ETag);
        Assert.All(await faulty.DeliverLateAsync(), outcome => Assert.Equal(PutOutcome.ConditionFailed, outcome));
    }

    [Fact]
    public async Task A_lost_answer_followed_by_anothers_object_stays_unknown()
    {
        // Ours may have been there and been replaced: nobody can tell, so nobody claims to.
        RetryingObjectStore store = Retrying((_, _, number) => number == 0 ? Fault.UnknownApplied : Fault.None, () =>
            _store.PutAsync(Key, Body(9), PutCondition.None, default).AsTask());
        Assert.Equal(PutOutcome.Unknown, (await store.PutAsync(Key, Body(1), PutCondition.IfAbsent, default)).Outcome);
    }

    [Fact]
    public async Task A_condition_that_fails_at_the_first_try_is_lost()
    {
        await _store.PutAsync(Key, Body(9), PutCondition.None, default);
        RetryingObjectStore store = Retrying((_, _, number) => number == 0 ? Fault.Refuse : Fault.None);
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(Key, Body(1), PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(Key, Body(1), PutCondition.IfMatch("x"), default)).Outcome);
    }

    [Fact]
    public async Task An_if_match_put_with_a_lost_answer_is_known_by_its_write_id()
    {
        string etag = (await _store.PutAsync(Key, Body(9), PutCondition.None, default)).ETag!;
        RetryingObjectStore store = Retrying((_, _, number) => number == 0 ? Fault.UnknownApplied : Fault.None);
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(Key, Body(1), PutCondition.IfMatch(etag), default)).Outcome);
        Assert.Equal([1], _store.Read("k"));
    }

    [Fact]
    public async Task Other_errors_are_not_tried_again()
    {
        FaultyObjectStore faulty = new(_store, (_, _, _) => Fault.None);
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            async () => await Retrying(faulty).GetAsync(Key, ByteRange.All, default));
        Assert.Equal((StorageErrorKind.NotFound, 1), (error.Kind, faulty.Requests));
    }

    [Fact]
    public async Task Metrics_count_requests_bytes_and_errors_by_kind_and_purpose()
    {
        StoreMetrics metrics = new();
        FaultyObjectStore faulty = new(_store, (_, _, number) => number == 0 ? Fault.Refuse : Fault.None);
        MeteredObjectStore wal = new(faulty, metrics, "wal");
        MeteredObjectStore read = new(faulty, metrics, "read");
        await Assert.ThrowsAsync<StorageException>(async () => await wal.PutAsync(Key, Body(1, 2), PutCondition.IfAbsent, default));
        await wal.PutAsync(Key, Body(1, 2), PutCondition.IfAbsent, default);
        await wal.PutAsync(Key, Body(1, 2), PutCondition.IfAbsent, default);
        await read.GetAsync(Key, new ByteRange(0, 1), default);
        await Assert.ThrowsAsync<StorageException>(async () => await read.GetAsync(new ObjectKey("no"), ByteRange.All, default));
        await foreach (ObjectInfo _ in read.ListAsync("", null, default))
        {
        }

        StoreCounts put = metrics.Snapshot().Single(counts => counts is { Operation: StoreOperation.Put, Purpose: "wal" });
        Assert.Equal((3L, 6L, 1L, 0L), (put.Requests, put.Bytes, put.ConditionsFailed, put.Unknown));
        Assert.Equal(1, Assert.Single(put.Errors, error => error.Key == StorageErrorKind.Unavailable).Value);
        StoreCounts get = metrics.Snapshot().Single(counts => counts is { Operation: StoreOperation.Get, Purpose: "read" });
        Assert.Equal((2L, 1L, 1L), (get.Requests, get.Bytes, get.Errors[StorageErrorKind.NotFound]));
        Assert.Equal(1, metrics.Snapshot().Single(counts => counts is { Operation: StoreOperation.List, Purpose: "read" }).Requests);
    }

    private static ReadOnlySequence<byte> Body(params byte[] bytes) => new(bytes);

    private RetryingObjectStore Retrying(Func<StoreRequest, ObjectKey, int, Fault> plan, Func<Task>? afterFirst = null)
        => Retrying(new FaultyObjectStore(_store, (request, key, number) =>
        {
            if (number == 1 && afterFirst is not null)
            {
                Assert.True(afterFirst().IsCompletedSuccessfully);
            }

            return plan(request, key, number);
        }));

    private RetryingObjectStore Retrying(IObjectStore store)
        => new(store, new RetryingObjectStoreOptions { Time = _time, Ids = new SeededIdSource(1), JitterSeed = 1 });
}
