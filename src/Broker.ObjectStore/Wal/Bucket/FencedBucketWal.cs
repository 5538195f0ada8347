using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The write-ahead log of a node that is gone, in the bucket: fenced by one, read by any number. Neither needs anything of the node but the log's name and the number of its last start.
/// <list type="number">
/// <item>T1. Once <see cref="FenceAsync"/> has returned, no append of the node's runs up to that number takes effect or is acknowledged, and the log can never be opened by them again.</item>
/// <item>T2. Each read of a fenced log gives the same records, and among them every one that was acknowledged and not trimmed.</item>
/// </list>
/// </summary>
public static class FencedBucketWal
{
    /// <summary>Fences the log (T1).</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="prefix">The log's name.</param>
    /// <param name="lastOwner">The number of the last start of its node, which opened it as its owner.</param>
    /// <param name="clock">Times retries.</param>
    /// <param name="ids">Names the fences' writer.</param>
    /// <param name="ct">Gives up; the log may be fenced, or not.</param>
    /// <exception cref="StorageException">Corrupt: the log is gone, or its end is damaged. Unavailable: call again.</exception>
    public static ValueTask FenceAsync(IObjectStore store, string prefix, long lastOwner, TimeProvider clock, IIdSource ids, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ConditionalLogOptions options = new(prefix)
        {
            MustExist = true,
            MinEpoch = BucketWalOptions.FirstEpochOf(lastOwner + 1),
            MaxEpoch = BucketWalOptions.FirstEpochOf(lastOwner + 1),
            ShowsDamagedEntries = true,
            Time = clock,
            Ids = ids,
        };
        return LogFence.PutAsync(store, options, ct);
    }

    /// <summary>What the log holds, in the order of its positions (T2). The log is fenced.</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="prefix">The log's name.</param>
    /// <param name="ahead">Slots of this log that need not be read, and those that are; null: there are none, and none are kept.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="StorageException">Corrupt: it is damaged where nobody can tell whose records are lost, or gone. Unavailable: read again.</exception>
    public static async IAsyncEnumerable<WalRecoveredRecord> ReadAsync(IObjectStore store, string prefix, SlotsAhead? ahead, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        LogKeys keys = new(prefix);
        LogPosition start = await LogReader.FindStartAsync(store, prefix, ct) ?? throw LogBoundary.Lost(keys);
        long next = 0;
        await foreach (LogEntry entry in new LogReader(store, keys, start, showsDamaged: true, ahead).ReadToEndAsync(ct))
        {
            string place = $"slot {entry.Slot} of the WAL '{prefix}'";
            IReadOnlyList<WalRecoveredRecord> records = BucketSlot.Decode(entry.Payload, place);
            if (next != 0 && records[0].Position.Value != next)
            {
                throw new StorageException(
                    StorageErrorKind.Corrupt, $"{place} begins with the record at position {records[0].Position.Value}, after {next - 1}: records between them are lost, or there twice");
            }

            next = records[^1].Position.Value + 1;
            foreach (WalRecoveredRecord record in records)
            {
                yield return record;
            }
        }
    }

    /// <summary>Reads what the log holds now, fenced or not, so that who reads it soon finds it in <paramref name="ahead"/>: to its end, or until no more is kept.</summary>
    /// <exception cref="StorageException">As of <see cref="ReadAsync"/>, whose reading will meet it too if it lasts.</exception>
    public static async Task ReadAheadAsync(IObjectStore store, string prefix, SlotsAhead ahead, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ahead);
        await foreach (WalRecoveredRecord _ in ReadAsync(store, prefix, ahead, ct))
        {
            if (ahead.IsFull)
            {
                return;
            }
        }
    }
}
