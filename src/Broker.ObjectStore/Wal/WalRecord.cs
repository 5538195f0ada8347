namespace Broker.ObjectStore.Wal;

/// <summary>One entry of a write-ahead log: opaque bytes (a Kafka record batch) and where in a stream they belong.</summary>
/// <param name="Stream">The stream (a partition's log) that the payload belongs to.</param>
/// <param name="Epoch">The leader epoch under which it was written.</param>
/// <param name="BaseOffset">Offset of the first record in the payload.</param>
/// <param name="LastOffset">Offset of the last record in the payload, inclusive; not below <paramref name="BaseOffset"/>.</param>
/// <param name="MaxTimestampMs">The largest record timestamp in the payload, milliseconds since the Unix epoch, or -1.</param>
/// <param name="Payload">The bytes. An append reads them until its task is complete: the caller leaves them alone until then.</param>
/// <param name="PayloadCrc">The CRC32C of these bytes. Given, not computed on the way: so damage in memory since they were checked is found when they are read back.</param>
public readonly record struct WalRecord(
    StreamId Stream,
    LeaderEpoch Epoch,
    Offset BaseOffset,
    Offset LastOffset,
    long MaxTimestampMs,
    ReadOnlyMemory<byte> Payload,
    uint PayloadCrc);

/// <summary>A record that recovery found, with its position. The payload is the receiver's own array.</summary>
public readonly record struct WalRecoveredRecord(WalPosition Position, WalRecord Record)
{
    /// <summary>What is wrong with the payload, and where it lies; null when it is what was written. All else of the record is sound.</summary>
    public string? Damage { get; init; }
}
