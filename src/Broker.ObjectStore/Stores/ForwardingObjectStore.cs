using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>A view of another store, for those that change few of its calls. Thread-safe as that one is.</summary>
public abstract class ForwardingObjectStore(IObjectStore inner) : IObjectStore
{
    /// <inheritdoc/>
    public virtual ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        => inner.PutAsync(key, body, condition, ct);

    /// <inheritdoc/>
    public virtual ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => inner.GetAsync(key, range, ct);

    /// <inheritdoc/>
    public virtual ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => inner.ReadAsync(key, range, destinations, ct);

    /// <inheritdoc/>
    public virtual ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

    /// <inheritdoc/>
    public virtual IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => inner.ListAsync(prefix, startAfter, ct);

    /// <inheritdoc/>
    public virtual ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    /// <inheritdoc/>
    public virtual ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct) => inner.DeleteManyAsync(keys, ct);

    /// <inheritdoc/>
    public virtual ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    /// <inheritdoc/>
    public virtual ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
}
