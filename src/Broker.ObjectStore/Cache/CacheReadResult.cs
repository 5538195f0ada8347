namespace Broker.ObjectStore.Cache;

/// <summary>What a read of the <see cref="LogCache"/> found.</summary>
public enum CacheReadStatus
{
    /// <summary>Batches from the one that contains the offset on.</summary>
    Hit,

    /// <summary>The one batch that contains the offset, whose bytes are damaged (<see cref="CachedBatch.Damage"/>): not to be served.</summary>
    Damaged,

    /// <summary>The offset lies below what is cached of the stream: read from the object store.</summary>
    Miss,

    /// <summary>The offset lies at or beyond the end of the cached stream: there is nothing yet.</summary>
    AtEnd,
}

/// <summary>
/// The answer to a read. On a hit it holds a reference to each batch's bytes: dispose it, once, when the bytes were sent.
/// Used by one owner.
/// </summary>
public sealed class CacheReadResult : IDisposable
{
    internal static readonly CacheReadResult Miss = new(CacheReadStatus.Miss, [], 0);
    internal static readonly CacheReadResult AtEnd = new(CacheReadStatus.AtEnd, [], 0);

    private IReadOnlyList<CachedBatch> _batches;

    internal CacheReadResult(CacheReadStatus status, IReadOnlyList<CachedBatch> batches, long sizeBytes)
    {
        Status = status;
        _batches = batches;
        SizeBytes = sizeBytes;
    }

    public CacheReadStatus Status { get; }

    /// <summary>Whole batches in offset order; empty unless this is a hit or damaged, and after disposal.</summary>
    public IReadOnlyList<CachedBatch> Batches => _batches;

    /// <summary>Bytes of all payloads.</summary>
    public long SizeBytes { get; }

    public void Dispose()
    {
        IReadOnlyList<CachedBatch> batches = _batches;
        _batches = [];
        foreach (CachedBatch batch in batches)
        {
            batch.Lease.Release();
        }
    }
}
