using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Asks less of a store that says it is too much (<see cref="StoreThrottledException"/>): limits how many requests run at a time, and adapts the limit
/// (<see cref="AdaptiveLimit"/>). Below a <see cref="RetryingObjectStore"/>: a request that pauses before its next try holds no turn. A listing takes a turn for each
/// step. Requests of the write-ahead log and the metadata go first (<see cref="StorePurpose.IsUrgent"/>). Thread-safe; time by its options.
/// </summary>
public sealed class ThrottlingObjectStore(IObjectStore inner, ThrottlingObjectStoreOptions options) : IObjectStore
{
    private readonly AdaptiveLimit _limit = new(options);

    /// <summary>Requests that may run at a time, at present.</summary>
    public int Limit => _limit.Limit;

    /// <summary>Requests that wait for their turn, at present.</summary>
    public int Waiting => _limit.Waiting;

    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        => LimitAsync(() => inner.PutAsync(key, body, condition, ct), ct);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        => LimitAsync(() => inner.GetAsync(key, range, ct), ct);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => LimitAsync(() => inner.ReadAsync(key, range, destinations, ct), ct);

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => LimitAsync(() => inner.HeadAsync(key, ct), ct);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        await using IAsyncEnumerator<ObjectInfo> list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
        while (await LimitAsync(list.MoveNextAsync, ct))
        {
            yield return list.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => await LimitAsync(
        async () =>
        {
            await inner.DeleteAsync(key, ct);
            return true;
        },
        ct);

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct) => await LimitAsync(
        async () =>
        {
            await inner.DeleteManyAsync(keys, ct);
            return true;
        },
        ct);

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
        => new Upload(this, await LimitAsync(() => inner.StartMultipartAsync(key, writeId, ct), ct));

    /// <inheritdoc/>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
        => LimitAsync(() => inner.AbortUploadsAsync(prefix, abandoned, ct), ct);

    private async ValueTask<T> LimitAsync<T>(Func<ValueTask<T>> request, CancellationToken ct)
    {
        AdaptiveLimit.Turn turn = await _limit.BeginAsync(StorePurpose.IsUrgent, ct);
        bool wasThrottled = false;
        bool wasServed = false;
        try
        {
            T result = await request();
            wasThrottled = result is PutResult { Cause: StoreThrottledException };
            wasServed = !wasThrottled && result is not PutResult { Outcome: PutOutcome.Unknown };
            return result;
        }
        catch (StorageException error)
        {
            wasThrottled = error is StoreThrottledException;
            wasServed = error.Kind != StorageErrorKind.Unavailable;
            throw;
        }
        finally
        {
            _limit.End(turn, wasThrottled, wasServed);
        }
    }

    private sealed class Upload(ThrottlingObjectStore store, IMultipartUpload upload) : IMultipartUpload
    {
        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct) => await store.LimitAsync(
            async () =>
            {
                await upload.UploadPartAsync(number, body, ct);
                return true;
            },
            ct);

        public ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
            => store.LimitAsync(() => upload.CompleteAsync(condition, ct), ct);

        public ValueTask AbortAsync(CancellationToken ct) => upload.AbortAsync(ct);

        public ValueTask DisposeAsync() => upload.DisposeAsync();
    }
}
