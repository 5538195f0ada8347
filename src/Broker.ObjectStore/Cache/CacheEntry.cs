namespace Broker.ObjectStore.Cache;

/// <summary>One batch in the <see cref="LogCache"/>, in the cache's order and in its stream. Guarded by the cache's lock.</summary>
internal sealed class CacheEntry(CachedStream stream, in CachedBatch batch, long appendedAt)
{
    private CachedBatch _batch = batch;

    public CachedStream Stream { get; } = stream;

    public ref readonly CachedBatch Batch => ref _batch;

    /// <summary>When it was appended, in the time provider's ticks.</summary>
    public long AppendedAt { get; } = appendedAt;

    public int SizeBytes { get; } = batch.Payload.Length + LogCache.EntryOverheadBytes;

    /// <summary>Its bytes are given up; its place in the order stays until it comes to the front.</summary>
    public bool IsRemoved { get; private set; }

    public void Remove()
    {
        IsRemoved = true;
        _batch.Lease.Release();
        _batch = _batch with { Payload = default, Lease = null! };
    }
}
