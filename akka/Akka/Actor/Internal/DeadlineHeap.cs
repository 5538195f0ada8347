namespace Akka.Actor;

/// <summary>One scheduled tell or action; a heap entry knows its place so that it can be removed.</summary>
internal sealed class DeadlineEntry(ICanTell? receiver, object? message, IActorRef? sender, Action? action)
{
    public TimeSpan Deadline;
    public long Sequence;
    public TimeSpan? Interval;
    public ICancelable? Cancelable;
    public CancellationTokenRegistration Registration;

    /// <summary>What is done in its place when the scheduler stops before; null: nothing.</summary>
    public Action? AtEnd;

    /// <summary>Index in the heap; -1 when it is not in there.</summary>
    public int Index = -1;

    public void Fire()
    {
        if (action is not null)
        {
            action();
        }
        else
        {
            receiver!.Tell(message!, sender!);
        }
    }

    public bool IsBefore(DeadlineEntry other) =>
        Deadline < other.Deadline || (Deadline == other.Deadline && Sequence < other.Sequence);
}

/// <summary>A binary heap by deadline, then by order of scheduling.</summary>
internal sealed class DeadlineHeap
{
    private DeadlineEntry[] _entries = new DeadlineEntry[16];
    private int _count;

    public DeadlineEntry? First => _count > 0 ? _entries[0] : null;

    public void Add(DeadlineEntry entry)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        Place(entry, _count++);
        SiftUp(entry);
    }

    public void Remove(DeadlineEntry entry)
    {
        int index = entry.Index;
        if (index < 0)
        {
            return;
        }

        DeadlineEntry last = _entries[--_count];
        _entries[_count] = null!;
        entry.Index = -1;
        if (last != entry)
        {
            Place(last, index);
            SiftUp(last);
            SiftDown(last);
        }
    }

    private void Place(DeadlineEntry entry, int index)
    {
        _entries[index] = entry;
        entry.Index = index;
    }

    private void SiftUp(DeadlineEntry entry)
    {
        while (entry.Index > 0)
        {
            int index = entry.Index;
            DeadlineEntry parent = _entries[(index - 1) / 2];
            if (!entry.IsBefore(parent))
            {
                return;
            }

            Place(entry, parent.Index);
            Place(parent, index);
        }
    }

    private void SiftDown(DeadlineEntry entry)
    {
        while (true)
        {
            int index = entry.Index;
            int child = (2 * index) + 1;
            if (child >= _count)
            {
                return;
            }

            if (child + 1 < _count && _entries[child + 1].IsBefore(_entries[child]))
            {
                child++;
            }

            DeadlineEntry smaller = _entries[child];
            if (!smaller.IsBefore(entry))
            {
                return;
            }

            Place(smaller, index);
            Place(entry, child);
        }
    }
}
