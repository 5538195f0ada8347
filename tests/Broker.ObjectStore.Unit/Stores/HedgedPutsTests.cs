using System.Buffers;
using System.Collections.Immutable;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

/// <summary>A conditional PUT that is late is sent a second time.</summary>
public sealed class HedgedPutsTests
{
    private static readonly ObjectKey Key = new("k");
    private static readonly ReadOnlySequence<byte> Body = new(new byte[100]);
    private static readonly PutCondition Condition = PutCondition.IfAbsent.WithWriteId(Guid.NewGuid());
    private static readonly PutResult Unknown = PutResult.Unknown(null);
    private static readonly StorageException Refused = new(StorageErrorKind.Unavailable, "refused");

    private readonly SteppedTime _time = new();
    private readonly PutsByHand _puts = new();
    private readonly HedgedPuts _store;

    public HedgedPutsTests() => _store = new HedgedPuts(_puts, new HedgedObjectStoreOptions { Time = _time });

    [Fact]
    public async Task Late_one_is_sent_again_and_the_body_is_the_callers_when_both_have_ended()
    {
        await WarmUpAsync(latencyMs: 50);
        Task<PutResult> put = PutAsync();
        _time.Advance(TimeSpan.FromMilliseconds(149));
        Assert.Single(_puts.Sent);
        await PassAsync(2);

        _puts.Sent[1].Answer(PutResult.Written("second"));
        await UntilAsync(() => _puts.Sent[0].IsCancelled);
        Assert.False(put.IsCompleted);
        _puts.Sent[0].Cancel();

        Assert.Equal("second", (await put).ETag);
        Assert.Equal((1, Condition), (_store.Repeats, _puts.Sent[1].Condition));
    }

    [Fact]
    public async Task First_ones_answer_is_taken_when_it_comes_first()
    {
        Task<PutResult> put = await LateAsync();
        _puts.Sent[0].Answer(PutResult.Written("first"));
        await UntilAsync(() => _puts.Sent[1].IsCancelled);
        _puts.Sent[1].Cancel();

        Assert.Equal("first", (await put).ETag);
    }

    [Fact]
    public async Task Second_one_that_is_late_too_is_followed_by_a_third_and_no_more()
    {
        Task<PutResult> put = await LateAsync();
        await PassAsync(151, sent: 3);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, _puts.Sent.Count);
        _puts.Sent[2].Answer(PutResult.Written("third"));
        await UntilAsync(() => _puts.Sent[0].IsCancelled && _puts.Sent[1].IsCancelled);
        _puts.Sent[0].Cancel();
        _puts.Sent[1].Cancel();

        Assert.Equal(("third", 2), ((await put).ETag, _store.Repeats));
    }

    [Fact]
    public async Task One_that_does_not_settle_it_waits_for_the_other_whichever_comes_first()
    {
        PutResult written = PutResult.Written("etag");
        PutResult lost = PutResult.ConditionFailed;
        (object First, object Second, object Expected)[] cases =
        [
            (Unknown, written, written), (written, Unknown, written), (lost, written, written), (Refused, written, written), (written, Refused, written),
            (lost, lost, lost), (lost, Refused, lost), (Refused, lost, lost),
            (lost, Unknown, Unknown), (Unknown, lost, Unknown), (Unknown, Refused, Unknown), (Refused, Unknown, Unknown), (Unknown, Unknown, Unknown),
            (Refused, Refused, Refused),
        ];
        foreach ((object first, object second, object expected) in cases)
        {
            foreach (int earlier in new[] { 0, 1 })
            {
                object[] answers = [first, second];
                Task<PutResult> put = await LateAsync();
                _puts.Sent[earlier].Answer(answers[earlier]);
                _puts.Sent[1 - earlier].Answer(answers[1 - earlier]);

                object result = expected is PutResult ? await put : await Assert.ThrowsAsync<StorageException>(() => put);
                Assert.Equal(expected, result);
            }
        }
    }

    [Fact]
    public async Task Cancelled_one_cancels_both()
    {
        using CancellationTokenSource giveUp = new();
        Task<PutResult> put = await LateAsync(giveUp.Token);
        await giveUp.CancelAsync();
        Assert.All(_puts.Sent, one => Assert.True(one.IsCancelled));
        _puts.Sent[0].Cancel();
        Assert.False(put.IsCompleted);
        _puts.Sent[1].Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
    }

    [Fact]
    public async Task Before_anybody_knows_what_is_usual_a_second_is_late()
    {
        Task<PutResult> put = PutAsync();
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Single(_puts.Sent);
        await PassAsync(2);
        _puts.Sent[0].Answer(PutResult.Written("first"));
        _puts.Sent[1].Cancel();
        await put;
    }

    [Fact]
    public async Task Store_that_is_slow_as_a_whole_is_not_asked_for_much_more()
    {
        await WarmUpAsync(latencyMs: 50);
        const int Puts = 60;
        for (int i = 0; i < Puts; i++)
        {
            _puts.Sent = [];
            Task<PutResult> put = PutAsync();

            // Each is late: later than three times what is usual can have become.
            _time.Advance(TimeSpan.FromMilliseconds(151 * Math.Pow(3.3, i / 10.0)));
            foreach (Put sent in _puts.Sent)
            {
                sent.Answer(PutResult.Written("etag"));
            }

            await UntilAsync(() => Settle(put));
        }

        Assert.InRange(_store.Repeats, 20, 20 + (Puts * 0.1));
    }

    [Fact]
    public async Task Without_a_condition_or_a_write_id_or_beyond_the_bound_it_is_sent_once()
    {
        await WarmUpAsync(latencyMs: 50);
        _ = _store.PutAsync(Key, Body, PutCondition.None.WithWriteId(Guid.NewGuid()), default).AsTask();
        _ = _store.PutAsync(Key, Body, PutCondition.IfAbsent, default).AsTask();
        _ = _store.PutAsync(Key, new ReadOnlySequence<byte>(new byte[9 * 1024 * 1024]), Condition, default).AsTask();
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(3, _puts.Sent.Count);
        Assert.Equal(0, _store.Repeats);
    }

    // One that is sent while the test looks is answered as well.
    private bool Settle(Task put)
    {
        foreach (Put sent in _puts.Sent)
        {
            sent.Answer(PutResult.Written("etag"));
        }

        return put.IsCompleted;
    }

    private Task<PutResult> PutAsync(CancellationToken ct = default) => _store.PutAsync(Key, Body, Condition, ct).AsTask();

    /// <summary>One that was sent twice.</summary>
    private async Task<Task<PutResult>> LateAsync(CancellationToken ct = default)
    {
        await WarmUpAsync(latencyMs: 50);
        Task<PutResult> put = PutAsync(ct);
        await PassAsync(151);
        return put;
    }

    private async Task PassAsync(int ms, int sent = 2)
    {
        _time.Advance(TimeSpan.FromMilliseconds(ms));
        await UntilAsync(() => _puts.Sent.Count == sent);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource expiry = new(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            expiry.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    // As many as are remembered: whatever was before, this is usual.
    private async Task WarmUpAsync(int latencyMs)
    {
        for (int i = 0; i < 256; i++)
        {
            _puts.Sent = [];
            Task<PutResult> put = PutAsync();
            _time.Advance(TimeSpan.FromMilliseconds(latencyMs));
            _puts.Sent[0].Answer(PutResult.Written("etag"));
            await put;
        }

        _puts.Sent = [];
    }

    /// <summary>A store whose PUTs end when the test says so.</summary>
    private sealed class PutsByHand() : ForwardingObjectStore(new InMemoryObjectStore())
    {
        private ImmutableList<Put> _sent = [];

        internal ImmutableList<Put> Sent
        {
            get => Volatile.Read(ref _sent);
            set => Volatile.Write(ref _sent, value);
        }

        public override ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        {
            Put put = new(condition, ct);
            ImmutableInterlocked.Update(ref _sent, (sent, added) => sent.Add(added), put);
            return new ValueTask<PutResult>(put.Done);
        }
    }

    private sealed class Put(PutCondition condition, CancellationToken ct)
    {
        private readonly TaskCompletionSource<PutResult> _done = new();

        internal PutCondition Condition => condition;

        internal Task<PutResult> Done => _done.Task;

        internal bool IsCancelled => ct.IsCancellationRequested;

        internal void Cancel() => _done.TrySetCanceled(ct);

        /// <param name="answer">A <see cref="PutResult"/>, or the exception.</param>
        internal void Answer(object answer)
        {
            if (answer is PutResult result)
            {
                _done.TrySetResult(result);
            }
            else
            {
                _done.TrySetException((Exception)answer);
            }
        }
    }
}
