namespace Broker.ObjectStore.Cache;

/// <summary>Bounds of the <see cref="ReadAhead"/>.</summary>
public sealed record ReadAheadOptions
{
    /// <summary>A sequential reader's first window. 1 MiB: what clients fetch of a partition at a time, so the next fetch finds its answer.</summary>
    public long FirstBytes { get; init; } = 1 << 20;

    /// <summary>The largest window. 8 MiB: one ranged GET of the largest useful size; at 60 ms a GET it feeds a reader of 130 MB/s.</summary>
    public long MaxBytes { get; init; } = 8 << 20;

    /// <summary>
    /// What may be loaded ahead for all readers. Half of the block cache: two fetches ahead for each of sixteen readers, and the rest holds what is
    /// being read and what others come back for.
    /// </summary>
    public long TotalBytes { get; init; } = 32 << 20;

    /// <summary>Readers that are remembered. 4,096: beyond, the cache has no room for their windows anyway.</summary>
    public int MaxReaders { get; init; } = 4096;

    /// <summary>
    /// A reader that is not heard of for this long has stopped. 1 s: a slower one has time for its loads, and shares are soon free for others.
    /// </summary>
    public TimeSpan SilentFor { get; init; } = TimeSpan.FromSeconds(1);
}
