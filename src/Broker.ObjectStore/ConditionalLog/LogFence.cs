namespace Broker.ObjectStore;

/// <summary>
/// Fences a conditional log for somebody who will not write it: its end is found by a listing, so that what it holds need not be read first. G6 holds when this returns: nothing more
/// takes effect in the log, and who reads it after that sees all that ever will.
/// </summary>
internal static class LogFence
{
    /// <summary>An owner at work may trim between the listing and the fences, once or twice before its fate reaches it.</summary>
    private const int MaxTries = 4;

    /// <summary>Puts the fences. Does nothing to a log that a later owner, or another who fenced it so, has already.</summary>
    /// <exception cref="StorageException">Corrupt: the log is gone, or its last entry is damaged. Unavailable: whether it is fenced is unknown; call again.</exception>
    internal static async ValueTask PutAsync(IObjectStore store, ConditionalLogOptions options, CancellationToken ct)
    {
        LogKeys keys = new(options.Prefix);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                LogBoundary boundary = await LogBoundary.LoadExistingAsync(store, keys, ct);
                LogReader reader = new(store, keys, await FindEndAsync(store, keys, boundary.First, options.ShowsDamagedEntries, ct), options.ShowsDamagedEntries);
                await new LogFencing(store, keys, options, boundary.MaxInFlight, new SlotWriter(store, keys, options), reader).TakeOverAsync((_, _) => ValueTask.CompletedTask, ct);
                return;
            }
            catch (StorageException later) when (later.Kind == StorageErrorKind.Fenced)
            {
                return;
            }
            catch (StorageException trimmed) when (trimmed.Kind == StorageErrorKind.NotFound)
            {
                if (attempt == MaxTries)
                {
                    throw new StorageException(StorageErrorKind.Unavailable, $"log '{keys.Prefix}' is being trimmed by its owner while it is fenced; try again: {trimmed.Message}", trimmed);
                }
            }
        }
    }

    // What the last entry says of its writer need not be the owner's: it may be void. Of a fence only the epoch counts, which the options put above all that the owner may have.
    private static async ValueTask<LogPosition> FindEndAsync(IObjectStore store, LogKeys keys, LogPosition first, bool showsDamaged, CancellationToken ct)
    {
        long next = first.NextSlot;
        await foreach (ObjectInfo info in store.ListAsync(keys.ListPrefix, keys.StartAfterFor(next), ct))
        {
            if (!keys.TryParse(info.Key, out long slot) || slot != next)
            {
                break;
            }

            next++;
        }

        if (next == first.NextSlot)
        {
            return first;
        }

        LogFrame last = await LogReader.TryGetAsync(store, keys, next - 1, ct, showsDamaged)
            ?? throw new StorageException(StorageErrorKind.NotFound, $"log '{keys.Prefix}' was trimmed past slot {next - 1} while its end was looked for");
        return last.Epoch >= first.Epoch ? new LogPosition(next, last.Epoch, last.WriterId) : first with { NextSlot = next };
    }
}
