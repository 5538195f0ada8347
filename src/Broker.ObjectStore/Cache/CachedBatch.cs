using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Cache;

/// <summary>A durable batch in memory. Its bytes are valid while its holder has a reference to <paramref name="Lease"/>.</summary>
/// <param name="BaseOffset">Offset of its first record.</param>
/// <param name="LastOffset">Offset of its last record, inclusive.</param>
/// <param name="Epoch">The leader epoch it was written under.</param>
/// <param name="MaxTimestampMs">Its largest record timestamp, milliseconds since the Unix epoch, or -1.</param>
/// <param name="Payload">Its bytes, within the lease's memory.</param>
/// <param name="PayloadCrc">The CRC32C of these bytes, as they were when they were checked.</param>
/// <param name="Lease">What keeps the bytes; several batches may share one.</param>
/// <param name="Position">Its place in the WAL.</param>
public readonly record struct CachedBatch(
    Offset BaseOffset,
    Offset LastOffset,
    LeaderEpoch Epoch,
    long MaxTimestampMs,
    ReadOnlyMemory<byte> Payload,
    uint PayloadCrc,
    BufferLease Lease,
    WalPosition Position)
{
    /// <summary>What is wrong with the bytes, and where they were read; null when they are sound. The rest is.</summary>
    public string? Damage { get; init; }
}
