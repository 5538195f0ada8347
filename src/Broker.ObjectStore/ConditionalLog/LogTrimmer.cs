using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Deletes old entries: first the boundary, durably, then the data slots before it. Fences stay for ever: a fenced writer's PUT
/// that is still on its way must meet one, or it would win a deleted slot and be believed. They have 48 bytes, and there are
/// k of them per change of owner.
/// </summary>
internal sealed class LogTrimmer(IObjectStore store, LogKeys keys)
{
    /// <summary>Looks at a boundary that someone else moves at the same time; more than once is a fenced owner trimming late.</summary>
    private const int MaxTries = 4;

    /// <summary>DELETEs at a time: one after the other they would be slower than a busy log's appends.</summary>
    private const int MaxDeletes = 8;

    internal async ValueTask TrimAsync(LogPosition first, CancellationToken ct)
    {
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            (LogBoundary old, string etag) = await LogBoundary.LoadAsync(store, keys, ct) ?? throw new StorageException(
                StorageErrorKind.Corrupt, $"log '{keys.Prefix}' has lost its boundary object");
            if (old.First.NextSlot >= first.NextSlot)
            {
                await DeleteAsync(old.DeletedTo, old.First.NextSlot, ct);
                return;
            }

            // Left-overs of a trim that did not finish go with this one; only then may DeletedTo pass them.
            await DeleteAsync(old.DeletedTo, old.First.NextSlot, ct);
            LogBoundary moved = old with { First = first, DeletedTo = old.First.NextSlot };
            PutResult result = await store.PutAsync(
                keys.Boundary, new ReadOnlySequence<byte>(moved.Encode()), PutCondition.IfMatch(etag), ct);
            if (result.Outcome == PutOutcome.Written)
            {
                await DeleteAsync(moved.DeletedTo, first.NextSlot, ct);
                return;
            }
        }

        throw new StorageException(
            StorageErrorKind.Unavailable, $"log '{keys.Prefix}': the boundary could not be moved to slot {first.NextSlot}; trim again later");
    }

    private async ValueTask DeleteAsync(long from, long to, CancellationToken ct)
    {
        if (from >= to)
        {
            return;
        }

        List<ObjectKey> old = new(MaxDeletes);
        await foreach (ObjectInfo info in store.ListAsync(keys.ListPrefix, keys.StartAfterFor(from), ct))
        {
            if (!keys.TryParse(info.Key, out long slot) || slot >= to)
            {
                break;
            }

            if (info.SizeBytes > LogFrame.HeaderBytes)
            {
                old.Add(info.Key);
            }

            if (old.Count == MaxDeletes)
            {
                await Task.WhenAll(old.Select(key => store.DeleteAsync(key, ct).AsTask()));
                old.Clear();
            }
        }

        await Task.WhenAll(old.Select(key => store.DeleteAsync(key, ct).AsTask()));
    }
}
