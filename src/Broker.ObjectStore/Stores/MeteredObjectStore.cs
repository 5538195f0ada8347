using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Counts what is asked of a store, by <see cref="StorePurpose"/>, or all for one purpose. Below a <see cref="RetryingObjectStore"/> it counts every try,
/// above it every call. Thread-safe.
/// </summary>
public sealed class MeteredObjectStore(IObjectStore inner, StoreMetrics metrics, string? purpose = null) : IObjectStore
{
    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        StoreMetrics.Counter counter = CounterOf(StoreOperation.Put);
        counter.Bytes(body.Length);
        PutResult result = await CountAsync(counter, () => inner.PutAsync(key, body, condition, ct));
        counter.Outcome(result.Outcome);
        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        StoreMetrics.Counter counter = CounterOf(StoreOperation.Get);
        ReadOnlyMemory<byte> bytes = await CountAsync(counter, () => inner.GetAsync(key, range, ct));
        counter.Bytes(bytes.Length);
        return bytes;
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        StoreMetrics.Counter counter = CounterOf(StoreOperation.Get);
        int bytes = await CountAsync(counter, () => inner.ReadAsync(key, range, destinations, ct));
        counter.Bytes(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
        => CountAsync(CounterOf(StoreOperation.Head), () => inner.HeadAsync(key, ct));

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        StoreMetrics.Counter counter = CounterOf(StoreOperation.List);
        counter.Request();
        await using IAsyncEnumerator<ObjectInfo> list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
        while (await ErrorsCountedAsync(counter, list.MoveNextAsync))
        {
            yield return list.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
        => await CountAsync(
            CounterOf(StoreOperation.Delete),
            async () =>
            {
                await inner.DeleteAsync(key, ct);
                return true;
            });

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
        => new Upload(
            await inner.StartMultipartAsync(key, writeId, ct),
            CounterOf(StoreOperation.UploadPart),
            CounterOf(StoreOperation.CompleteUpload));

    /// <inheritdoc/>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
        => CountAsync(CounterOf(StoreOperation.List), () => inner.AbortUploadsAsync(prefix, abandoned, ct));

    private StoreMetrics.Counter CounterOf(StoreOperation operation) => metrics.Of(operation, purpose ?? StorePurpose.Current);

    private static ValueTask<T> CountAsync<T>(StoreMetrics.Counter counter, Func<ValueTask<T>> request)
    {
        counter.Request();
        return ErrorsCountedAsync(counter, request);
    }

    private static async ValueTask<T> ErrorsCountedAsync<T>(StoreMetrics.Counter counter, Func<ValueTask<T>> request)
    {
        try
        {
            return await request();
        }
        catch (StorageException error)
        {
            counter.Error(error.Kind);
            throw;
        }
        catch (OperationCanceledException)
        {
            counter.Outcome(PutOutcome.Unknown);
            throw;
        }
    }

    private sealed class Upload(IMultipartUpload upload, StoreMetrics.Counter parts, StoreMetrics.Counter completions) : IMultipartUpload
    {
        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
        {
            parts.Bytes(body.Length);
            await CountAsync(parts, async () =>
            {
                await upload.UploadPartAsync(number, body, ct);
                return true;
            });
        }

        public async ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
        {
            PutResult result = await CountAsync(completions, () => upload.CompleteAsync(condition, ct));
            completions.Outcome(result.Outcome);
            return result;
        }

        public ValueTask AbortAsync(CancellationToken ct) => upload.AbortAsync(ct);

        public ValueTask DisposeAsync() => upload.DisposeAsync();
    }
}
