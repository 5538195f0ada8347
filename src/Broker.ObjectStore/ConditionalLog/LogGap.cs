namespace Broker.ObjectStore;

/// <summary>
/// Tells whether the first slot that is not there was ever taken (G10): what can lie beyond a slot that was not. A writer sends data
/// for slot s only after s - k is won, and every slot before its takeover's end was taken; an opener fences s only after it has read up to
/// s - k + 1 (the first of its k fences) without a gap, but for fences ahead, of which it may die before it has filled the slots before them.
/// So of what lies beyond a free slot f:
/// <list type="bullet">
/// <item>data in slot f + k or later proves that f was taken, and so does a fence in slot f + k - 1 or later;</item>
/// <item>so does the first data of an owner, and data of an epoch that no fence before f has;</item>
/// <item>and data whose writer had settled f when it sent them;</item>
/// <item>fences ahead prove nothing, and neither do other data and fences nearer than that: they were in flight together with f.</item>
/// </list>
/// </summary>
internal sealed class LogGap(IObjectStore store, LogKeys keys)
{
    /// <summary>An object that proves that the slot at the position was taken; null when there is none.</summary>
    /// <param name="at">The position at the gap: its epoch is the highest before it.</param>
    internal async ValueTask<ObjectKey?> FindProofAsync(LogPosition at, CancellationToken ct)
    {
        (LogBoundary Boundary, string ETag)? found = await LogBoundary.LoadAsync(store, keys, ct);
        if (found is null)
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"log '{keys.Prefix}' has entries, but has lost its boundary object");
        }

        await foreach (ObjectInfo info in store.ListAsync(keys.ListPrefix, keys.StartAfterFor(at.NextSlot + 1), ct))
        {
            if (!keys.TryParse(info.Key, out long slot))
            {
                return null;
            }

            if (await IsProofAsync(at, slot, info.SizeBytes, found.Value.Boundary.MaxInFlight, ct))
            {
                return info.Key;
            }
        }

        return null;
    }

    private async ValueTask<bool> IsProofAsync(LogPosition at, long slot, long sizeBytes, int maxInFlight, CancellationToken ct)
    {
        long missing = at.NextSlot;
        bool isData = sizeBytes > LogFrame.HeaderBytes;
        if (isData && slot >= missing + maxInFlight)
        {
            return true;
        }

        // One that is gone again was trimmed; the boundary tells that.
        LogFrame? frame = await LogReader.TryGetAsync(store, keys, slot, ct);
        return frame?.Kind switch
        {
            null or LogFrameKind.FenceAhead => false,
            LogFrameKind.Fence => slot >= missing + maxInFlight - 1,
            LogFrameKind.FirstData => true,
            _ => frame.Epoch > at.Epoch || slot - frame.UnsettledSlots > missing,
        };
    }
}
