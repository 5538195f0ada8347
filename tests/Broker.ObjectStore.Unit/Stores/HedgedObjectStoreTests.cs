using System.Buffers;
using System.Collections;
using System.Collections.Immutable;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class HedgedObjectStoreTests
{
    private const int Length = 1000;

    private static readonly ObjectKey Key = new("k");
    private static readonly ByteRange Range = new(0, Length);

    private readonly SteppedTime _time = new();
    private readonly ReadsByHand _reads = new();
    private readonly byte[] _memory = new byte[Length];
    private readonly HedgedObjectStore _store;

    public HedgedObjectStoreTests() => _store = new HedgedObjectStore(_reads, new HedgedObjectStoreOptions { Time = _time });

    [Fact]
    public async Task A_late_read_is_asked_again_and_the_second_answer_is_taken()
    {
        await WarmUpAsync(latencyMs: 20);
        Task<int> read = ReadAsync();
        _time.Advance(TimeSpan.FromMilliseconds(19));
        Assert.Single(_reads.Open);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        await UntilAsync(() => _reads.Open.Count == 2);

        _reads.Open[1].Answer(7);
        // The first is told to stop, and until it has stopped it may still write to the memory.
        await UntilAsync(() => _reads.Open[0].IsCancelled);
        Assert.False(read.IsCompleted);
        _reads.Open[0].Memory.Span.Fill(3);
        _reads.Open[0].Cancel();
        Assert.Equal(Length, await read);
        Assert.Equal(-1, _memory.AsSpan().IndexOfAnyExcept((byte)7));
        Assert.Equal(1, _store.Hedges);
    }

    [Fact]
    public async Task The_first_answer_is_taken_when_it_comes_first_and_the_second_never_touches_the_memory()
    {
        await WarmUpAsync(latencyMs: 20);
        Task<int> read = ReadAsync();
        await PassAsync(21);
        _reads.Open[0].Answer(5);
        Assert.Equal(Length, await read);
        await UntilAsync(() => _reads.Open[1].IsCancelled);
        _reads.Open[1].Answer(9);
        Assert.Equal(-1, _memory.AsSpan().IndexOfAnyExcept((byte)5));
    }

    [Fact]
    public async Task Whole_reads_that_return_memory_are_hedged_too()
    {
        await WarmUpAsync(latencyMs: 20);
        Task<ReadOnlyMemory<byte>> read = _store.GetAsync(Key, Range, default).AsTask();
        await PassAsync(21);
        _reads.Open[1].Answer(7);
        _reads.Open[0].Cancel();
        Assert.Equal(7, (await read).Span[0]);
    }

    [Fact]
    public async Task A_failure_of_one_waits_for_the_other_and_an_answer_that_there_is_nothing_counts()
    {
        await WarmUpAsync(latencyMs: 20);
        Task<int> read = ReadAsync();
        await PassAsync(21);
        _reads.Open[0].Fail(StorageErrorKind.Unavailable);
        Assert.False(read.IsCompleted);
        _reads.Open[1].Answer(7);
        Assert.Equal(Length, await read);
        Assert.Equal(7, _memory[0]);

        _reads.Open.Clear();
        read = ReadAsync();
        await PassAsync(21);
        _reads.Open[1].Fail(StorageErrorKind.NotFound);
        _reads.Open[0].Cancel();
        Assert.Equal(StorageErrorKind.NotFound, (await Assert.ThrowsAsync<StorageException>(() => read)).Kind);

        _reads.Open.Clear();
        read = ReadAsync();
        await PassAsync(21);
        _reads.Open[1].Fail(StorageErrorKind.Unavailable);
        _reads.Open[0].Fail(StorageErrorKind.Unavailable);
        Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<StorageException>(() => read)).Kind);
    }

    [Fact]
    public async Task A_cancelled_read_cancels_both_and_ends_when_the_first_has_stopped()
    {
        await WarmUpAsync(latencyMs: 20);
        using CancellationTokenSource giveUp = new();
        Task<int> read = _store.ReadAsync(Key, Range, [_memory], giveUp.Token).AsTask();
        await PassAsync(21);
        await giveUp.CancelAsync();
        Assert.All(_reads.Open, one => Assert.True(one.IsCancelled));
        _reads.Open[1].Cancel();
        Assert.False(read.IsCompleted);
        _reads.Open[0].Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Hedges_stay_below_their_share_when_every_read_is_late()
    {
        await WarmUpAsync(latencyMs: 20);
        const int Reads = 1000;
        for (int i = 0; i < Reads; i++)
        {
            _reads.Open.Clear();
            Task<int> read = ReadAsync();
            // Later than any quantile can have become.
            _time.Advance(TimeSpan.FromMilliseconds(20 + (10 * i)));
            _reads.Open[0].Answer(1);
            await read;
        }

        // MaxBurst at first, then MaxShare.
        Assert.InRange(_store.Hedges, 8, 8 + (Reads * 0.03) + 2);
    }

    [Fact]
    public async Task Before_anybody_knows_what_is_usual_half_a_second_is_late()
    {
        Task<int> read = ReadAsync();
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Single(_reads.Open);
        await PassAsync(2);
        _reads.Open[0].Answer(1);
        _reads.Open[1].Cancel();
        await read;
    }

    [Fact]
    public async Task What_is_too_large_is_asked_once()
    {
        await WarmUpAsync(latencyMs: 20);
        _ = _store.ReadAsync(Key, ByteRange.All, [new byte[9 * 1024 * 1024]], default).AsTask();
        _ = _store.GetAsync(Key, ByteRange.All, default).AsTask();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _reads.Open.Count);
    }

    [Fact]
    public void Latencies_are_kept_apart_by_size_and_follow_the_store()
    {
        RequestLatency latency = new(quantile: 0.95, minSamples: 40);
        for (int i = 1; i <= 100; i++)
        {
            latency.Record(1000, TimeSpan.FromMilliseconds(i));
        }

        Assert.InRange(latency.QuantileOf(1000)!.Value.TotalMilliseconds, 90, 97);
        Assert.Null(latency.QuantileOf(1_000_000));
        for (int i = 0; i < 256; i++)
        {
            latency.Record(1000, TimeSpan.FromMilliseconds(3));
        }

        Assert.Equal(3, latency.QuantileOf(1000)!.Value.TotalMilliseconds);
    }

    /// <summary>So much time passes, and the read becomes late.</summary>
    private async Task PassAsync(int ms)
    {
        _time.Advance(TimeSpan.FromMilliseconds(ms));
        await UntilAsync(() => _reads.Open.Count == 2);
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

    private Task<int> ReadAsync() => _store.ReadAsync(Key, Range, [_memory.AsMemory(0, 300), _memory.AsMemory(300)], default).AsTask();

    private async Task WarmUpAsync(int latencyMs)
    {
        // As many as there must be for a quantile: none of them is hedged.
        for (int i = 0; i < 40; i++)
        {
            Task<int> read = ReadAsync();
            Read first = _reads.Open[^1];
            _time.Advance(TimeSpan.FromMilliseconds(latencyMs));
            first.Answer(1);
            await read;
        }

        _reads.Open.Clear();
    }

    /// <summary>A store whose reads end when the test says so.</summary>
    private sealed class ReadsByHand : IObjectStore
    {
        /// <summary>Those that were begun and not cleared away. The store under test begins some while the test looks.</summary>
        internal ReadList Open { get; } = new();

        public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        {
            byte[] own = new byte[Length];
            return Map(Begin([own], ct));

            async ValueTask<ReadOnlyMemory<byte>> Map(Task<int> read)
            {
                await read;
                return own;
            }
        }

        public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
            => new(Begin(destinations, ct));

        public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => throw new NotSupportedException();

        public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => throw new NotSupportedException();

        private Task<int> Begin(IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        {
            Read read = new(destinations, ct);
            Open.Add(read);
            return read.Done;
        }
    }

    private sealed class ReadList : IEnumerable<Read>
    {
        private ImmutableList<Read> _reads = [];

        internal int Count => Volatile.Read(ref _reads).Count;

        internal Read this[Index index] => Volatile.Read(ref _reads)[index];

        internal void Add(Read read) => ImmutableInterlocked.Update(ref _reads, (reads, added) => reads.Add(added), read);

        internal void Clear() => Volatile.Write(ref _reads, []);

        public IEnumerator<Read> GetEnumerator() => Volatile.Read(ref _reads).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Read(IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        private readonly TaskCompletionSource<int> _done = new();

        internal Task<int> Done => _done.Task;

        internal bool IsCancelled => ct.IsCancellationRequested;

        internal Memory<byte> Memory => destinations[0];

        internal void Answer(byte content)
        {
            int left = Length;
            foreach (Memory<byte> piece in destinations)
            {
                int bytes = Math.Min(left, piece.Length);
                piece.Span[..bytes].Fill(content);
                left -= bytes;
            }

            _done.SetResult(Length);
        }

        internal void Fail(StorageErrorKind kind) => _done.SetException(new StorageException(kind, "as the test says"));

        internal void Cancel() => _done.SetCanceled(ct);
    }
}
