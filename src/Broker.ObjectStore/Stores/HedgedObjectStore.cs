using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Makes a read, or a conditional PUT (<see cref="HedgedPuts"/>), that is late a second time, and takes what comes first: most of S3's late answers are late for reasons of their one connection or
/// server. Thread-safe; time by its options.
/// <para>The first of two GETs reads into the caller's memory, the second into memory of this store. When the second wins, the first is cancelled and awaited, so that
/// it writes no more, before the bytes are copied; when the first wins, the second ends in the background and only then gives its memory back.</para>
/// </summary>
public sealed class HedgedObjectStore(IObjectStore inner, HedgedObjectStoreOptions options) : ForwardingObjectStore(inner)
{
    private readonly LateRequests _late = new(options.Reads, options.Time);
    private readonly HedgedPuts _puts = new(inner, options);

    /// <summary>How many second requests were made.</summary>
    public long Hedges => _late.Repeats + _puts.Repeats;

    /// <inheritdoc/>
    public override ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        => _puts.PutAsync(key, body, condition, ct);

    /// <inheritdoc/>
    public override ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        // Each request gets memory of its own; that of the loser is nobody's.
        return range.MaxLength is not { } bytes || bytes > options.MaxReadBytes
            ? base.GetAsync(key, range, ct)
            : HedgeAsync(bytes, token => base.GetAsync(key, range, token), token => base.GetAsync(key, range, token), (_, won) => won, () => { }, ct);
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        long roomBytes = destinations.Sum(piece => (long)piece.Length);
        if (roomBytes > options.MaxReadBytes || roomBytes == 0)
        {
            return base.ReadAsync(key, range, destinations, ct);
        }

        byte[]? own = null;
        return HedgeAsync(
            Math.Min(roomBytes, range.MaxLength ?? roomBytes),
            token => base.ReadAsync(key, range, destinations, token),
            token => base.ReadAsync(key, range, [(own = ArrayPool<byte>.Shared.Rent((int)roomBytes)).AsMemory(0, (int)roomBytes)], token),
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
        long began = _late.Begin();
        if (_late.LateAfter(bytes) is not { } delay)
        {
            return await RecordedAsync(bytes, began, first(ct));
        }

        using CancellationTokenSource cancelFirst = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<T> primary = first(cancelFirst.Token).AsTask();
        if (!await _late.IsDueAsync(primary, delay, ct))
        {
            return await RecordedAsync(bytes, began, new ValueTask<T>(primary));
        }

        CancellationTokenSource cancelSecond = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<T> hedge = LateRequests.StartAsync(second, cancelSecond.Token);
        bool isSecond = await SecondIsBetterAsync(primary, hedge);
        _late.Record(bytes, began);
        if (!isSecond)
        {
            _ = EndAsync(hedge, cancelSecond, afterSecond);
            return await primary;
        }

        try
        {
            await cancelFirst.CancelAsync();
            await LateRequests.EndOf(primary);
            return take(true, await hedge);
        }
        finally
        {
            afterSecond();
            cancelSecond.Dispose();
        }
    }

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
        await LateRequests.EndOf(other);
        return HasAnswer(other) && other == hedge;
    }

    private static bool HasAnswer(Task task)
        => task.IsCompletedSuccessfully || task.Exception?.InnerException is StorageException { Kind: not StorageErrorKind.Unavailable };

    private static async Task EndAsync<T>(Task<T> hedge, CancellationTokenSource cancel, Action afterSecond)
    {
        await cancel.CancelAsync();
        await LateRequests.EndOf(hedge);
        afterSecond();
        cancel.Dispose();
    }

    private async ValueTask<T> RecordedAsync<T>(long bytes, long began, ValueTask<T> request)
    {
        T result = await request;
        _late.Record(bytes, began);
        return result;
    }
}
