using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Asks a second time for a read that is late, and takes what comes first: most of S3's late answers are late for reasons of their one connection or server.
/// Only GETs, which change nothing. Thread-safe; time by its options.
/// <para>The first request reads into the caller's memory, the second into memory of this store. When the second wins, the first is cancelled and awaited, so that
/// it writes no more, before the bytes are copied; when the first wins, the second ends in the background and only then gives its memory back.</para>
/// </summary>
public sealed class HedgedObjectStore(IObjectStore inner, HedgedObjectStoreOptions options) : IObjectStore
{
    private readonly ReadLatency _latency = new(options.Quantile, options.MinSamples);
    private readonly object _lock = new();
    private double _allowance = options.MaxBurst;
    private long _hedges;

    /// <summary>How many second requests were made.</summary>
    public long Hedges => Interlocked.Read(ref _hedges);

    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        => inner.PutAsync(key, body, condition, ct);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        // Each request gets memory of its own; that of the loser is nobody's.
        return range.MaxLength is not { } bytes || bytes > options.MaxBytes
            ? inner.GetAsync(key, range, ct)
            : HedgeAsync(bytes, token => inner.GetAsync(key, range, token), token => inner.GetAsync(key, range, token), (_, won) => won, () => { }, ct);
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        long roomBytes = destinations.Sum(piece => (long)piece.Length);
        if (roomBytes > options.MaxBytes || roomBytes == 0)
        {
            return inner.ReadAsync(key, range, destinations, ct);
        }

        byte[]? own = null;
        return HedgeAsync(
            Math.Min(roomBytes, range.MaxLength ?? roomBytes),
            token => inner.ReadAsync(key, range, destinations, token),
            token => inner.ReadAsync(key, range, [(own = ArrayPool<byte>.Shared.Rent((int)roomBytes)).AsMemory(0, (int)roomBytes)], token),
            (isSecond, bytes) =>
            {
                if (isSecond)
                {
                    Scatter(own.AsSpan(0, bytes), destinations);
                }

                return bytes;
            },
            () => ArrayPool<byte>.Shared.Return(own!),
            ct);
    }

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => inner.ListAsync(prefix, startAfter, ct);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    /// <inheritdoc/>
    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    /// <inheritdoc/>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);

    private static void Scatter(ReadOnlySpan<byte> bytes, IReadOnlyList<Memory<byte>> destinations)
    {
        foreach (Memory<byte> piece in destinations)
        {
            int length = Math.Min(bytes.Length, piece.Length);
            bytes[..length].CopyTo(piece.Span);
            bytes = bytes[length..];
        }
    }

    /// <param name="bytes">About how many bytes are read.</param>
    /// <param name="first">The request.</param>
    /// <param name="second">The same once more.</param>
    /// <param name="take">Makes the result of the winner's, told whether that is the second.</param>
    /// <param name="afterSecond">Called once, when the second request has ended and its result is taken or not wanted.</param>
    /// <param name="ct">The caller's.</param>
    private async ValueTask<T> HedgeAsync<T>(
        long bytes,
        Func<CancellationToken, ValueTask<T>> first,
        Func<CancellationToken, ValueTask<T>> second,
        Func<bool, T, T> take,
        Action afterSecond,
        CancellationToken ct)
    {
        long start = options.Time.GetTimestamp();
        Earn();
        if (_latency.QuantileOf(bytes) is not { } late)
        {
            return await RecordedAsync(bytes, start, first(ct));
        }

        using CancellationTokenSource cancelFirst = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<T> primary = first(cancelFirst.Token).AsTask();
        TimeSpan delay = late > options.MinDelay ? late : options.MinDelay;
        if (await EndsWithinAsync(primary, delay, ct) || ct.IsCancellationRequested || !Spend())
        {
            return await RecordedAsync(bytes, start, new ValueTask<T>(primary));
        }

        Interlocked.Increment(ref _hedges);
        CancellationTokenSource cancelSecond = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<T> hedge = StartAsync(second, cancelSecond.Token);
        bool isSecond = await SecondIsBetterAsync(primary, hedge);
        _latency.Record(bytes, options.Time.GetElapsedTime(start));
        if (!isSecond)
        {
            _ = EndAsync(hedge, cancelSecond, afterSecond);
            return await primary;
        }

        try
        {
            await cancelFirst.CancelAsync();
            await EndOf(primary);
            return take(true, await hedge);
        }
        finally
        {
            afterSecond();
            cancelSecond.Dispose();
        }
    }

    /// <summary>A request that fails at once fails as a task.</summary>
    private static async Task<T> StartAsync<T>(Func<CancellationToken, ValueTask<T>> request, CancellationToken ct) => await request(ct);

    /// <summary>
    /// Which one to take: the first that has an answer, be it that there is no such object. One that is Unavailable is none, unless both are.
    /// </summary>
    private static async Task<bool> SecondIsBetterAsync<T>(Task<T> primary, Task<T> hedge)
    {
        Task<T> winner = await Task.WhenAny(primary, hedge);
        if (HasAnswer(winner))
        {
            return winner == hedge;
        }

        Task<T> other = winner == hedge ? primary : hedge;
        await EndOf(other);
        return HasAnswer(other) && other == hedge;
    }

    /// <summary>Its end, whatever it is.</summary>
    private static ConfiguredTaskAwaitable EndOf(Task task)
        => task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private static bool HasAnswer(Task task)
        => task.IsCompletedSuccessfully || task.Exception?.InnerException is StorageException { Kind: not StorageErrorKind.Unavailable };

    private async Task<bool> EndsWithinAsync(Task primary, TimeSpan delay, CancellationToken ct)
    {
        if (primary.IsCompleted)
        {
            return true;
        }

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bool ended = await Task.WhenAny(primary, Task.Delay(delay, options.Time, stop.Token)) == primary;
        await stop.CancelAsync();
        return ended;
    }

    private static async Task EndAsync<T>(Task<T> hedge, CancellationTokenSource cancel, Action afterSecond)
    {
        await cancel.CancelAsync();
        await EndOf(hedge);
        afterSecond();
        cancel.Dispose();
    }

    private async ValueTask<T> RecordedAsync<T>(long bytes, long start, ValueTask<T> request)
    {
        T result = await request;
        _latency.Record(bytes, options.Time.GetElapsedTime(start));
        return result;
    }

    private void Earn()
    {
        lock (_lock)
        {
            _allowance = Math.Min(options.MaxBurst, _allowance + options.MaxShare);
        }
    }

    private bool Spend()
    {
        lock (_lock)
        {
            bool isAllowed = _allowance >= 1;
            _allowance -= isAllowed ? 1 : 0;
            return isAllowed;
        }
    }
}
