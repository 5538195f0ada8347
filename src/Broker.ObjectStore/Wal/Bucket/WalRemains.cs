namespace Broker.ObjectStore.Wal;

/// <summary>What write-ahead logs that nobody will open again have left in the bucket: their node died, or lost the store, between their release and their emptying.</summary>
public static class WalRemains
{
    private const string Prefix = "wal/";

    /// <summary>The logs of which slots with records are in the store, whoever has them, and how much of each there is.</summary>
    public static async ValueTask<IReadOnlyDictionary<WalId, StoredSlots>> ListAsync(IObjectStore store, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        Dictionary<WalId, StoredSlots> logs = [];
        await foreach (ObjectInfo info in store.ListAsync(Prefix, null, ct))
        {
            if (info.SizeBytes > LogFrame.HeaderBytes && TryParse(info.Key, out WalId log))
            {
                StoredSlots before = logs.GetValueOrDefault(log);
                logs[log] = new StoredSlots(before.Slots + 1, before.Bytes + info.SizeBytes);
            }
        }

        return logs;
    }

    /// <summary>
    /// Removes the slots with records of a log that was released. Boundary and fences stay, as after a stop that came to its end: they meet PUTs of earlier runs that are still on their way.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: the log cannot be read, and stays as it is; and as the store says.</exception>
    public static async ValueTask RemoveAsync(IObjectStore store, WalId log, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        LogKeys keys = new(BucketWalOptions.PrefixOf(log));
        if (await LogReader.FindStartAsync(store, keys.Prefix, ct) is not { } start)
        {
            throw LogBoundary.Lost(keys);
        }

        LogReader reader = new(store, keys, start, showsDamaged: true);
        await foreach (LogEntry _ in reader.ReadToEndAsync(ct))
        {
            // Only its end is of interest.
        }

        LogTrimmer trimmer = new(store, keys, ownFrom: long.MaxValue);
        await trimmer.TrimAsync(reader.Position, ct);

        // A PUT of an earlier run that was sent again after its slot was deleted has made it anew, below all that a trim looks at.
        await trimmer.DeleteForeignAsync(0, long.MaxValue, ct);
    }

    private static bool TryParse(ObjectKey key, out WalId log)
    {
        string[] parts = key.Value.Split('/');
        bool isLog = Guid.TryParseExact(parts.Length == 4 ? parts[2] : null, "D", out Guid id);
        log = new WalId(id);
        return isLog && new LogKeys(BucketWalOptions.PrefixOf(log)) is var keys && key.Value.StartsWith(keys.ListPrefix, StringComparison.Ordinal) && keys.TryParse(key, out _);
    }
}

/// <summary>Slots with records of a log in the bucket.</summary>
/// <param name="Slots">How many.</param>
/// <param name="Bytes">Of all together, as stored.</param>
public readonly record struct StoredSlots(long Slots, long Bytes);
