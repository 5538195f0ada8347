using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Deletes old entries: first the boundary, durably, then the data slots before it. Fences stay for ever: a fenced writer's PUT
/// that is still on its way must meet one, or it would win a deleted slot and be believed. They have 48 bytes, and there are
/// k of them per change of owner. Remembers the boundary that it wrote last and which slots are its writer's, all data: so a trim of these is one PUT and the
/// deletion, without a GET or LIST. Trims follow each other.
/// </summary>
/// <param name="store">Where the log lies.</param>
/// <param name="keys">Its objects' names.</param>
/// <param name="ownFrom">The writer's first slot: what is trimmed from here on are its data.</param>
internal sealed class LogTrimmer(IObjectStore store, LogKeys keys, long ownFrom)
{
    /// <summary>Looks at a boundary that someone else moves at the same time; more than once is a fenced owner trimming late.</summary>
    private const int MaxTries = 4;

    /// <summary>Slots that are deleted by one call of the store, whose memory is their names'.</summary>
    private const int MaxDeletes = 1000;

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private (LogBoundary Boundary, string ETag)? _known;

    /// <param name="first">What still counts; what the writer has before it was acknowledged.</param>
    /// <param name="ct">Gives up; the next trim goes on.</param>
    internal async ValueTask TrimAsync(LogPosition first, CancellationToken ct)
    {
        Task trim;
        lock (_lock)
        {
            _last = trim = TrimAfterAsync(_last, first, ct);
        }

        await trim;
    }

    private async Task TrimAfterAsync(Task before, LogPosition first, CancellationToken ct)
    {
        // Its failure is its caller's.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            if (await TryTrimAsync(first, ct))
            {
                return;
            }
        }

        throw new StorageException(
            StorageErrorKind.Unavailable, $"log '{keys.Prefix}': the boundary could not be moved to slot {first.NextSlot}; trim again later");
    }

    private async ValueTask<bool> TryTrimAsync(LogPosition first, CancellationToken ct)
    {
        _known ??= await LogBoundary.LoadAsync(store, keys, ct) ?? throw LogBoundary.Lost(keys);

        // Left-overs of a trim that did not finish go first; only then may DeletedTo pass them.
        LogBoundary old = await DeleteAsync(first.NextSlot, ct);
        if (old.First.NextSlot >= first.NextSlot)
        {
            return true;
        }

        LogBoundary moved = old with { First = first };
        PutResult result = await store.PutAsync(keys.Boundary, new ReadOnlySequence<byte>(moved.Encode()), PutCondition.IfMatch(_known.Value.ETag), ct);
        if (result.Outcome != PutOutcome.Written)
        {
            _known = null;
            return false;
        }

        _known = (moved, result.ETag!);
        await DeleteAsync(first.NextSlot, ct);
        return true;
    }

    /// <summary>Deletes what the known boundary leaves to be deleted; the boundary as it is then. The writer's own end at <paramref name="ownTo"/>: beyond it are a later owner's.</summary>
    private async ValueTask<LogBoundary> DeleteAsync(long ownTo, CancellationToken ct)
    {
        (LogBoundary boundary, string etag) = _known!.Value;
        (long from, long to) = (boundary.DeletedTo, boundary.First.NextSlot);
        if (from < to)
        {
            await DeleteForeignAsync(from, Math.Min(to, ownFrom), ct);
            await DeleteOwnAsync(Math.Max(from, ownFrom), Math.Min(to, ownTo), ct);
            await DeleteForeignAsync(Math.Max(from, Math.Max(ownFrom, ownTo)), to, ct);
            _known = (boundary with { DeletedTo = to }, etag);
        }

        return _known.Value.Boundary;
    }

    private async ValueTask DeleteOwnAsync(long from, long to, CancellationToken ct)
    {
        for (long slot = from; slot < to; slot += MaxDeletes)
        {
            int count = (int)Math.Min(MaxDeletes, to - slot);
            await store.DeleteManyAsync([.. Enumerable.Range(0, count).Select(i => keys.Slot(slot + i))], ct);
        }
    }

    /// <summary>Deletes data slots of other writers, wherever the boundary is: which of them are fences, only a listing tells.</summary>
    internal async ValueTask DeleteForeignAsync(long from, long to, CancellationToken ct)
    {
        if (from >= to)
        {
            return;
        }

        List<ObjectKey> old = [];
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
                await store.DeleteManyAsync(old, ct);
                old.Clear();
            }
        }

        await store.DeleteManyAsync(old, ct);
    }
}
