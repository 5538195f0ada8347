namespace Broker.ObjectStore.Wal;

/// <summary>
/// Which slots of a bucket WAL hold what is not trimmed, and how many bytes that is, with those on their way. The newest slot is never let go of: it
/// carries the positions on. Thread-safe.
/// </summary>
internal sealed class SlotLedger(long capacityBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<Slot> _slots = new();
    private Slot? _newest;
    private long _usedBytes;
    private long _slotsWritten;

    /// <summary>Bytes of records, with their lines in the tables: written and not trimmed, or reserved.</summary>
    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    /// <summary>Slots with records, whether trimmed or not.</summary>
    public long SlotsWritten => Interlocked.Read(ref _slotsWritten);

    /// <summary>Takes room for records that will be written. False: there is none.</summary>
    public bool TryReserve(long bytes)
    {
        lock (_lock)
        {
            if (_usedBytes + bytes > capacityBytes)
            {
                return false;
            }

            _usedBytes += bytes;
            return true;
        }
    }

    /// <summary>Gives back room for records that will not be written.</summary>
    public void Release(long bytes)
    {
        lock (_lock)
        {
            _usedBytes -= bytes;
        }
    }

    /// <summary>A slot was found, whose bytes take room too: as much as there is, or more.</summary>
    public void AddFound(LogPosition after, WalPosition last, long bytes)
    {
        lock (_lock)
        {
            _usedBytes += bytes;
            AddWritten(after, last, bytes);
        }
    }

    /// <summary>A slot was written, with bytes that had been reserved.</summary>
    public void AddWritten(LogPosition after, WalPosition last, long bytes)
    {
        lock (_lock)
        {
            _newest = new Slot(after, last) { Bytes = bytes };
            _slots.Enqueue(_newest);
            _slotsWritten++;
        }
    }

    /// <summary>The place in the log to which a trim may go: behind the last slot without anything after <paramref name="upTo"/>. Null: nothing to trim.</summary>
    public LogPosition? FindTrim(WalPosition upTo)
    {
        lock (_lock)
        {
            LogPosition? end = null;
            foreach (Slot slot in _slots)
            {
                if (slot.Last > upTo || slot == _newest)
                {
                    break;
                }

                end = slot.After;
            }

            return end;
        }
    }

    /// <summary>The log is trimmed to <paramref name="end"/> (null: as it was): nothing at or before <paramref name="upTo"/> counts any more.</summary>
    public void Trimmed(LogPosition? end, WalPosition upTo)
    {
        lock (_lock)
        {
            while (end is { } trimmedTo && _slots.TryPeek(out Slot? oldest) && oldest.After.NextSlot <= trimmedTo.NextSlot)
            {
                _usedBytes -= _slots.Dequeue().Bytes;
            }

            // The newest slot stays in the bucket, but takes no room: else a log whose last batch was large would stay full for good.
            if (_newest is { } newest && newest.Last <= upTo)
            {
                _usedBytes -= newest.Bytes;
                newest.Bytes = 0;
            }
        }
    }

    private sealed class Slot(LogPosition after, WalPosition last)
    {
        public LogPosition After { get; } = after;

        public WalPosition Last { get; } = last;

        public long Bytes { get; set; }
    }
}
