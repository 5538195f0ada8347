namespace Broker.ObjectStore.Cache;

/// <summary>The cached batches of one stream, in offset order and gapless (C2 of <see cref="LogCache"/>). Guarded by the cache's lock.</summary>
internal sealed class CachedStream(StreamId id, Offset start)
{
    private readonly Deque<CacheEntry> _entries = new();
    private Offset _end = start;

    public StreamId Id { get; } = id;

    public int Count => _entries.Count;

    /// <summary>The first cached offset; null when nothing is cached.</summary>
    public Offset? Start => _entries.Count > 0 ? _entries[0].Batch.BaseOffset : null;

    /// <summary>The offset behind the last record that was ever added.</summary>
    public Offset End => _end;

    public void Add(CacheEntry entry)
    {
        if (entry.Batch.BaseOffset != _end || entry.Batch.LastOffset < entry.Batch.BaseOffset)
        {
            throw new InvalidOperationException(
                $"batch {entry.Batch.BaseOffset}..{entry.Batch.LastOffset} of {Id} does not follow the stream's end {_end}");
        }

        _entries.Add(entry);
        _end = entry.Batch.LastOffset + 1;
    }

    public void RemoveFirst(CacheEntry expected)
    {
        if (_entries.RemoveFirst() != expected)
        {
            throw new InvalidOperationException($"the order of {Id} differs from the cache's");
        }
    }

    public CacheReadResult Read(Offset from, int maxBytes)
    {
        if (from >= _end)
        {
            return CacheReadResult.AtEnd;
        }

        if (_entries.Count == 0 || from < _entries[0].Batch.BaseOffset)
        {
            return CacheReadResult.Miss;
        }

        List<CachedBatch> batches = [];
        long bytes = 0;
        int first = IndexOf(from);
        if (_entries[first].Batch.Damage is not null)
        {
            return OfOne(_entries[first].Batch);
        }

        for (int i = first; i < _entries.Count; i++)
        {
            ref readonly CachedBatch batch = ref _entries[i].Batch;
            if (batches.Count > 0 && (bytes + batch.Payload.Length > maxBytes || batch.Damage is not null))
            {
                break;
            }

            batch.Lease.AddRef();
            batches.Add(batch);
            bytes += batch.Payload.Length;
        }

        return new CacheReadResult(CacheReadStatus.Hit, batches, bytes);
    }

    public CacheReadResult FindByTimestamp(long timestampMs, Offset from)
    {
        if (_entries.Count == 0)
        {
            return CacheReadResult.Miss;
        }

        // Timestamps may go up and down from batch to batch, so no binary search.
        for (int i = 0; i < _entries.Count; i++)
        {
            ref readonly CachedBatch batch = ref _entries[i].Batch;
            if (batch.MaxTimestampMs >= timestampMs && batch.LastOffset >= from)
            {
                return OfOne(batch);
            }
        }

        return CacheReadResult.AtEnd;
    }

    private static CacheReadResult OfOne(in CachedBatch batch)
    {
        batch.Lease.AddRef();
        return new CacheReadResult(batch.Damage is null ? CacheReadStatus.Hit : CacheReadStatus.Damaged, [batch], batch.Payload.Length);
    }

    /// <summary>The index of the batch that contains <paramref name="offset"/>, which must be cached.</summary>
    private int IndexOf(Offset offset)
    {
        int low = 0;
        int high = _entries.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_entries[middle].Batch.LastOffset < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
