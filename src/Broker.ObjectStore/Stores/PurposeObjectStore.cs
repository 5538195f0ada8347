using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>One user's view of a store: its requests carry their <see cref="StorePurpose"/>. Thread-safe.</summary>
public sealed class PurposeObjectStore(IObjectStore inner, string purpose) : IObjectStore
{
    // Each method is asynchronous of its own: what it sets does not reach its caller.

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return await inner.PutAsync(key, body, condition, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return await inner.GetAsync(key, range, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return await inner.ReadAsync(key, range, destinations, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return await inner.HeadAsync(key, ct);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        await using IAsyncEnumerator<ObjectInfo> list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
        while (await MoveNextAsync(list))
        {
            yield return list.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        await inner.DeleteAsync(key, ct);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        await inner.DeleteManyAsync(keys, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return new Upload(await inner.StartMultipartAsync(key, writeId, ct), purpose);
    }

    /// <inheritdoc/>
    public async ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
    {
        StorePurpose.Set(purpose);
        return await inner.AbortUploadsAsync(prefix, abandoned, ct);
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<ObjectInfo> list)
    {
        StorePurpose.Set(purpose);
        return await list.MoveNextAsync();
    }

    private sealed class Upload(IMultipartUpload upload, string purpose) : IMultipartUpload
    {
        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
        {
            StorePurpose.Set(purpose);
            await upload.UploadPartAsync(number, body, ct);
        }

        public async ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
        {
            StorePurpose.Set(purpose);
            return await upload.CompleteAsync(condition, ct);
        }

        public async ValueTask AbortAsync(CancellationToken ct)
        {
            StorePurpose.Set(purpose);
            await upload.AbortAsync(ct);
        }

        public async ValueTask DisposeAsync()
        {
            StorePurpose.Set(purpose);
            await upload.DisposeAsync();
        }
    }
}
