namespace Broker.ObjectStore.Cache;

/// <summary>Bounds of the <see cref="BlockCache"/>.</summary>
public sealed record BlockCacheOptions
{
    /// <summary>
    /// <c>cache.block.bytes</c>: what the buffers of blocks and indexes take, those being loaded and bookkeeping included. The default, 128 MiB, is 256 blocks: some dozens of consumers that
    /// catch up at different places. Apart from the <see cref="LogCache"/>, so that they never evict the tail.
    /// </summary>
    public long CapacityBytes { get; init; } = 128L << 20;
}
