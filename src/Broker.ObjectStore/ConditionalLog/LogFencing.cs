using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Takes a conditional log over: replays it, puts fences of a higher epoch, and replays what came in between.
/// <para>Why k fences. A writer with k PUTs in flight sends slot s only when s - k is won. Once a fence holds the first free
/// slot f, the old writer can never win f, so whatever it has sent or will send lies before f + k. When all slots up to there are
/// taken, by our fences or by its late entries (void, since they follow a fence of a higher epoch), nothing of it can appear any
/// more, and our own entries begin behind.</para>
/// <para>Why the boundary is read after the fences are in. Between our listing and our fence someone else may have taken over and
/// trimmed; the free slot may then be a deleted one. A trim moves the boundary before it deletes, so if the boundary still lies
/// at or before what we have read, no slot of ours was ever deleted.</para>
/// </summary>
internal sealed class LogFencing(
    IObjectStore store, LogKeys keys, ConditionalLogOptions options, int maxInFlight, SlotWriter writer, LogReader reader)
{
    /// <summary>
    /// A writer that is still at work takes slots as fast as we try them, so each lost try leaps further ahead, into slots that it has
    /// not sent yet. 16 doublings outrun any writer. Fences that leapt are of a kind of their own: an opener that dies now leaves free slots
    /// before them, which are no damage (G10).
    /// </summary>
    private const int MaxTries = 16;

    /// <summary>Replays and fences; on return the log is ours from <see cref="LogReader.Position"/> on.</summary>
    /// <exception cref="StorageException">Fenced: someone else took the log over meanwhile, or a later owner has it; NotFound: trimmed past our position; Corrupt: slots are missing (G10).</exception>
    internal async ValueTask TakeOverAsync(Func<LogEntry, CancellationToken, ValueTask> onEntry, CancellationToken ct)
    {
        long leap = 0;
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            await ReplayAsync(onEntry, ct);
            CheckEnd();
            long epoch = EpochAfter(reader.Position);
            Guid writerId = options.Ids.Next();
            long target = reader.Position.NextSlot + leap;
            LogFrameKind kind = leap == 0 ? LogFrameKind.Fence : LogFrameKind.FenceAhead;
            if (!await PutFenceAsync(kind, target, epoch, writerId))
            {
                leap = leap == 0 ? maxInFlight : leap * 2;
                continue;
            }

            await FillAsync(kind, target, epoch, writerId);
            await CheckBoundaryAsync(ct);
            await ReplayAsync(onEntry, ct);
            if (reader.Position.Epoch == epoch && reader.Position.WriterId == writerId)
            {
                return;
            }

            throw new StorageException(
                StorageErrorKind.Fenced,
                $"log '{keys.Prefix}': while epoch {epoch} was taking over, epoch {reader.Position.Epoch} did");
        }

        throw new StorageException(
            StorageErrorKind.Unavailable, $"log '{keys.Prefix}': another writer took every slot that was tried; open it again");
    }

    private void CheckEnd()
    {
        if (reader.Position.NextSlot < options.KnownSlots)
        {
            throw new StorageException(
                StorageErrorKind.Corrupt,
                $"log '{keys.Prefix}' has lost '{keys.Slot(reader.Position.NextSlot)}': it ends before that, but slots up to {options.KnownSlots - 1} were seen here. Nothing was changed; restore the object");
        }
    }

    private long EpochAfter(LogPosition owner) => owner.Epoch < options.MaxEpoch && options.MayTakeFrom(owner)
        ? Math.Max(options.MinEpoch, owner.Epoch + 1)
        : throw new StorageException(StorageErrorKind.Fenced, $"log '{keys.Prefix}' has an owner of epoch {owner.Epoch}, who came after this one");

    private async ValueTask ReplayAsync(Func<LogEntry, CancellationToken, ValueTask> onEntry, CancellationToken ct)
    {
        await foreach (LogEntry entry in reader.ReadToEndAsync(ct))
        {
            await onEntry(entry, ct);
        }
    }

    /// <summary>Takes every slot from the first free one to the k-th from the first fence on, at most k at a time.</summary>
    private async ValueTask FillAsync(LogFrameKind kind, long target, long epoch, Guid writerId)
    {
        List<Task<bool>> inFlight = [];
        for (long slot = reader.Position.NextSlot; slot < target + maxInFlight; slot++)
        {
            if (slot == target)
            {
                continue;
            }

            inFlight.Add(PutFenceAsync(kind, slot, epoch, writerId).AsTask());
            if (inFlight.Count == maxInFlight)
            {
                await Task.WhenAll(inFlight);
                inFlight.Clear();
            }
        }

        await Task.WhenAll(inFlight);
    }

    private async ValueTask CheckBoundaryAsync(CancellationToken ct)
    {
        (LogBoundary Boundary, string ETag)? found = await LogBoundary.LoadAsync(store, keys, ct);
        if (found is null || found.Value.Boundary.First.NextSlot > reader.Position.NextSlot)
        {
            throw new StorageException(
                StorageErrorKind.NotFound,
                $"log '{keys.Prefix}' was trimmed past slot {reader.Position.NextSlot} while it was being opened; start from a newer snapshot");
        }
    }

    /// <summary>True: our fence is in. False: the slot is another's.</summary>
    private async ValueTask<bool> PutFenceAsync(LogFrameKind kind, long slot, long epoch, Guid writerId)
    {
        SlotResult result = await writer.PutAsync(kind, slot, epoch, writerId, ReadOnlySequence<byte>.Empty);
        return result.Outcome switch
        {
            SlotOutcome.Won => true,
            SlotOutcome.Lost => false,
            _ => throw new StorageException(
                StorageErrorKind.Unavailable,
                $"log '{keys.Prefix}': cannot write the fence in slot {slot}: {result.Error?.Message ?? "the outcome is unknown"}",
                result.Error),
        };
    }
}
