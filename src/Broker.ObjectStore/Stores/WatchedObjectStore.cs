using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Tells a <see cref="StoreAvailability"/> how each request ends. Right above the store: every try counts, and nothing that a decorator refuses by itself. Requests
/// that their callers cancel say nothing. Thread-safe.
/// </summary>
public sealed class WatchedObjectStore(IObjectStore inner, StoreAvailability availability, TimeProvider time) : IObjectStore
{
    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        => WatchAsync(isWrite: true, () => inner.PutAsync(key, body, condition, ct));

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        => WatchAsync(isWrite: false, () => inner.GetAsync(key, range, ct));

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => WatchAsync(isWrite: false, () => inner.ReadAsync(key, range, destinations, ct));

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => WatchAsync(isWrite: false, () => inner.HeadAsync(key, ct));

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        await using IAsyncEnumerator<ObjectInfo> list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
        while (await WatchAsync(isWrite: false, list.MoveNextAsync))
        {
            yield return list.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => await WatchAsync(
        isWrite: true,
        async () =>
        {
            await inner.DeleteAsync(key, ct);
            return true;
        });

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct) => await WatchAsync(
        isWrite: true,
        async () =>
        {
            await inner.DeleteManyAsync(keys, ct);
            return true;
        });

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
        => new Upload(this, await WatchAsync(isWrite: true, () => inner.StartMultipartAsync(key, writeId, ct)));

    /// <inheritdoc/>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
        => WatchAsync(isWrite: true, () => inner.AbortUploadsAsync(prefix, abandoned, ct));

    private async ValueTask<T> WatchAsync<T>(bool isWrite, Func<ValueTask<T>> request)
    {
        long began = time.GetTimestamp();
        T result;
        try
        {
            result = await request();
        }
        catch (StorageException error)
        {
            if (error.Kind == StorageErrorKind.Unavailable)
            {
                availability.Failed(isWrite, began, error.Message);
            }
            else
            {
                availability.Succeeded(isWrite);
            }

            throw;
        }

        if (result is PutResult { Outcome: PutOutcome.Unknown } unknown)
        {
            availability.Failed(isWrite, began, unknown.Cause?.Message ?? "the outcome of a PUT is unknown");
        }
        else
        {
            availability.Succeeded(isWrite);
        }

        return result;
    }

    private sealed class Upload(WatchedObjectStore store, IMultipartUpload upload) : IMultipartUpload
    {
        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct) => await store.WatchAsync(
            isWrite: true,
            async () =>
            {
                await upload.UploadPartAsync(number, body, ct);
                return true;
            });

        public ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
            => store.WatchAsync(isWrite: true, () => upload.CompleteAsync(condition, ct));

        public ValueTask AbortAsync(CancellationToken ct) => upload.AbortAsync(ct);

        public ValueTask DisposeAsync() => upload.DisposeAsync();
    }
}
