using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Reads a conditional log from a position up to its first free slot, and can go on from there later. Decides by one rule, the same
/// for every reader, what counts. A fence counts when its epoch is higher than all before it (or it is the owner's own again). Data
/// counts when it is of the epoch and the writer of the last fence that counts, and no one else's entry lies between it and that
/// writer's entry before: a writer that lost a slot never acknowledges a later one. (The first data after a fence is free of the last
/// condition, since late entries of others may lie among the fences.) Everything else is void: nobody was told that it is
/// written. Not safe for concurrent use.
/// </summary>
public sealed class LogReader
{
    /// <summary>GETs in flight, by number and by what they bring: hides S3's latency on replay, of a log of many small entries too, while the memory for entries ahead stays small.</summary>
    private const int ReadAhead = 32;

    /// <inheritdoc cref="ReadAhead"/>
    private const long ReadAheadBytes = 32 << 20;

    private readonly IObjectStore _store;
    private readonly LogKeys _keys;
    private readonly bool _showsDamaged;
    private readonly SlotsAhead? _ahead;

    /// <param name="store">Where the log lies.</param>
    /// <param name="prefix">The log's name.</param>
    /// <param name="from">Where to begin; must have come from this log.</param>
    public LogReader(IObjectStore store, string prefix, LogPosition from)
        : this(store, new LogKeys(prefix), from)
    {
    }

    internal LogReader(IObjectStore store, LogKeys keys, LogPosition from, bool showsDamaged = false, SlotsAhead? ahead = null)
    {
        _store = store;
        _keys = keys;
        _showsDamaged = showsDamaged;
        _ahead = ahead;
        Position = from;
    }

    // Set by the enumeration of slots when something was listed beyond the first one that was not.
    private bool _hasMetGap;

    /// <summary>After the last entry that was yielded or skipped.</summary>
    public LogPosition Position { get; private set; }

    /// <summary>The first slot that counts and its owner: where a replay without a snapshot begins. Null when the log does not exist.</summary>
    public static async ValueTask<LogPosition?> FindStartAsync(IObjectStore store, string prefix, CancellationToken ct)
        => (await LogBoundary.LoadAsync(store, new LogKeys(prefix), ct))?.Boundary.First;

    /// <summary>The valid entries from <see cref="Position"/> up to the first free slot.</summary>
    /// <exception cref="StorageException">
    /// NotFound: the log was trimmed past where this reading began, a newer snapshot must exist, and what was yielded may lack entries; Corrupt: an entry is damaged (G9) or missing (G10);
    /// Invalid: of a newer version; Unavailable.
    /// </exception>
    public async IAsyncEnumerable<LogEntry> ReadToEndAsync([EnumeratorCancellation] CancellationToken ct)
    {
        long begin = Position.NextSlot;
        Queue<(long SizeBytes, Task<LogFrame> Frame)> ahead = new(ReadAhead);
        long aheadBytes = 0;
        await using IAsyncEnumerator<(long Slot, long SizeBytes)> slots = ContiguousSlotsAsync(ct).GetAsyncEnumerator(ct);
        bool more = true;
        try
        {
            while (true)
            {
                while (more && ahead.Count < ReadAhead && aheadBytes < ReadAheadBytes && (more = await slots.MoveNextAsync()))
                {
                    aheadBytes += slots.Current.SizeBytes;
                    ahead.Enqueue((slots.Current.SizeBytes, GetAsync(slots.Current.Slot, ct).AsTask()));
                }

                if (ahead.Count == 0)
                {
                    break;
                }

                (long sizeBytes, Task<LogFrame> next) = ahead.Dequeue();
                LogFrame frame = await next;
                aheadBytes -= sizeBytes;
                bool counts = Accept(frame);
                if (frame.IsDamaged && !counts)
                {
                    // What makes it void may be the damage.
                    throw LogFrame.Damaged(_keys.Slot(frame.Slot));
                }

                if (counts)
                {
                    yield return new LogEntry(frame.Slot, frame.Payload, Position) { IsDamaged = frame.IsDamaged };
                }
            }
        }
        finally
        {
            await SettleAsync(ahead);
        }

        if (_hasMetGap)
        {
            // What was listed may have come while it was listed, so this is looked at anew, from where the replay ends.
            await CheckGapAsync(begin, ct);
        }
        else
        {
            await CheckNotTrimmedAsync(begin, ct);
        }
    }

    /// <summary>Reads one slot; null when it is free.</summary>
    internal static async ValueTask<LogFrame?> TryGetAsync(IObjectStore store, LogKeys keys, long slot, CancellationToken ct, bool showsDamaged = false)
    {
        ObjectKey key = keys.Slot(slot);
        ReadOnlyMemory<byte> bytes = default;
        try
        {
            return await SecondLook.ReadAsync(async () => LogFrame.Decode(key, slot, bytes = await store.GetAsync(key, ByteRange.All, ct)));
        }
        catch (StorageException error) when (error.Kind == StorageErrorKind.Corrupt && showsDamaged)
        {
            return LogFrame.Decode(key, slot, bytes, acceptsDamage: true);
        }
        catch (StorageException error) when (error.Kind == StorageErrorKind.NotFound)
        {
            return null;
        }
    }

    // An abandoned read must not outlive the enumeration, nor its failure go unobserved.
    private static async ValueTask SettleAsync(Queue<(long SizeBytes, Task<LogFrame> Frame)> ahead)
    {
        foreach ((_, Task frame) in ahead)
        {
            await frame.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async IAsyncEnumerable<(long Slot, long SizeBytes)> ContiguousSlotsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        long expected = Position.NextSlot;
        _hasMetGap = false;
        await foreach (ObjectInfo info in _store.ListAsync(_keys.ListPrefix, _keys.StartAfterFor(expected), ct))
        {
            bool isSlot = _keys.TryParse(info.Key, out long slot);
            if (!isSlot || slot != expected)
            {
                _hasMetGap = isSlot;
                yield break;
            }

            yield return (expected++, info.SizeBytes);
        }
    }

    private async ValueTask<LogFrame> GetAsync(long slot, CancellationToken ct)
    {
        if (_ahead?.Find(slot) is { } known)
        {
            return known;
        }

        LogFrame frame = await TryGetAsync(_store, _keys, slot, ct, _showsDamaged) ?? throw Trimmed(slot);
        _ahead?.Keep(frame);
        return frame;
    }

    // The order matters: what a later slot proves was true before it was seen; only a trim, whose boundary moves first, makes it untrue.
    private async ValueTask CheckGapAsync(long begin, CancellationToken ct)
    {
        long missing = Position.NextSlot;
        ObjectKey? proof = await new LogGap(_store, _keys).FindProofAsync(Position, ct);
        bool isThere = proof is not null && await TryGetAsync(_store, _keys, missing, ct) is not null;
        await CheckNotTrimmedAsync(begin, ct);
        if (proof is not null && !isThere)
        {
            throw new StorageException(
                StorageErrorKind.Corrupt,
                $"log '{_keys.Prefix}' has lost '{_keys.Slot(missing)}': it was written, but '{proof}' beyond it is there and it is not. Nothing was "
                + "changed; restore the object");
        }
    }

    // A first free slot may also be a slot that a trim has deleted: only the boundary tells. And below the boundary a slot may be another's than it was: a
    // fence that was under way for long finds it free, and void data after it. So all that was read must lie beyond, when all of it has been read.
    private async ValueTask CheckNotTrimmedAsync(long begin, CancellationToken ct)
    {
        (LogBoundary Boundary, string ETag)? found = await LogBoundary.LoadAsync(_store, _keys, ct);
        if (found is not null && found.Value.Boundary.First.NextSlot > begin)
        {
            throw Trimmed(begin);
        }
    }

    private StorageException Trimmed(long slot)
        => new(StorageErrorKind.NotFound, $"log '{_keys.Prefix}' was trimmed past slot {slot}; start from a newer snapshot");

    private bool Accept(LogFrame frame)
    {
        bool isFence = frame.IsFence;
        bool isOwner = frame.Epoch == Position.Epoch && frame.WriterId == Position.WriterId;
        if (!isFence && frame.Epoch > Position.Epoch)
        {
            throw frame.IsDamaged ? LogFrame.Damaged(_keys.Slot(frame.Slot)) : new StorageException(
                StorageErrorKind.Corrupt,
                $"log entry '{_keys.Slot(frame.Slot)}' is of epoch {frame.Epoch}, but the last fence before it is of {Position.Epoch}");
        }

        if (isFence && frame.Epoch > Position.Epoch)
        {
            Position = new LogPosition(frame.Slot + 1, frame.Epoch, frame.WriterId);
            return false;
        }

        bool isFirst = frame.Kind == LogFrameKind.FirstData && isOwner;
        bool isInterrupted = !isFirst && (Position.IsInterrupted || !isOwner);
        Position = Position with { NextSlot = frame.Slot + 1, IsInterrupted = isInterrupted };
        return !isFence && !isInterrupted;
    }
}
