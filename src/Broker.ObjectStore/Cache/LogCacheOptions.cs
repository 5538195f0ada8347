namespace Broker.ObjectStore.Cache;

/// <summary>Bounds of the <see cref="LogCache"/>.</summary>
public sealed record LogCacheOptions
{
    /// <summary>
    /// <c>cache.log.bytes</c>: what the cache holds, batches and their bookkeeping. Uploaded batches are evicted beyond it; batches that are
    /// not uploaded never are, so appends must stop when these fill it (<see cref="LogCache.IsFull"/>). The default, 256 MiB, is some seconds of
    /// 50 MB/s: an upload of 64 MiB in the making, one in flight, and a tail for consumers that keep up.
    /// </summary>
    public long CapacityBytes { get; init; } = 256L << 20;
}
