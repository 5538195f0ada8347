namespace Broker.ObjectStore.Wal;

/// <summary>
/// Where writes become durable before they are uploaded. What every implementation guarantees (the tests cite the numbers):
/// <list type="number">
/// <item>W1, durable: when <see cref="AppendAsync"/> completes, recovery after any crash returns the batch, until it is trimmed.</item>
/// <item>W2, ordered: appends become durable, complete and are recovered in call order; positions rise by one with each record.</item>
/// <item>W3, prefix: what recovery returns is a gapless run of what was appended. Of appends that were never acknowledged it may
/// return a prefix, even a prefix of one batch; it never returns one behind a gap.</item>
/// <item>W4, refused is gone: a batch refused with <see cref="WalFullException"/> is never recovered once a later append has succeeded,
/// so the caller may give its offsets to other records.</item>
/// <item>W5, no silent loss: damage to what was durable is told, with its place. A record of which only the payload is damaged is recovered as such
/// (<see cref="WalRecoveredRecord.Damage"/>); all other damage is a <see cref="StorageErrorKind.Corrupt"/> error. Only an unacknowledged tail is dropped without a word.</item>
/// <item>W6, trimmed is not lost early: recovery may return trimmed records again, it never misses an untrimmed one.</item>
/// </list>
/// </summary>
public interface IWriteAheadLog : IAsyncDisposable
{
    /// <summary>
    /// Everything not trimmed, in append order. Enumerate it to its end once, before the first append.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: durable data is damaged (W5). Unavailable: it cannot be read now.</exception>
    IAsyncEnumerable<WalRecoveredRecord> RecoverAsync(CancellationToken ct);

    /// <summary>
    /// Appends the records of <paramref name="batch"/> and completes when they are durable. Calls may overlap; they
    /// complete in call order. The result is the position of the batch's last record; record i of n has position
    /// <c>result - (n - 1 - i)</c>. Cancellation is observed before the batch is queued, never after: queued bytes may be
    /// written at any time.
    /// </summary>
    /// <exception cref="WalFullException">Refused, nothing written (W4); the log goes on, and takes appends again after a trim.</exception>
    /// <exception cref="StorageException">Any other: the outcome is unknown and this log takes no further append. Dispose it, open it
    /// anew and recover. Fenced: another writer owns the log.</exception>
    ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct);

    /// <summary>The records at or before <paramref name="upTo"/> may be dropped (W6). A position below an earlier trim's changes nothing.</summary>
    /// <exception cref="StorageException">Through the task: the log has failed. What was to be trimmed is recovered again, then.</exception>
    ValueTask TrimAsync(WalPosition upTo, CancellationToken ct);

    /// <summary>What the log may hold, in bytes. It may change with the room on its disk.</summary>
    long CapacityBytes { get; }

    /// <summary>
    /// What it holds and cannot give to new records yet, in bytes, overhead included. Compare with <see cref="CapacityBytes"/> to upload before it fills.
    /// </summary>
    long UsedBytes { get; }

    /// <summary>
    /// Objects of the store that have come to hold it since it was opened, those that were found included; falls when it is opened anew. Whoever recovers the log reads
    /// them one by one, so what is uploaded in time is their number, too. 0: it lies on a disk.
    /// </summary>
    long SlotsWritten { get; }
}
