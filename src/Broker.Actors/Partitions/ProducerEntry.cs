using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>One producer's last batches in one partition, under one producer epoch.</summary>
internal sealed class ProducerEntry(long producerId, short epoch, ProducerEntry? previous = null)
{
    private readonly Queue<ProducerBatch> _batches = new(ProducerTable.RememberedBatches);

    // What to fall back to when the batches that began this epoch turn out not to be durable.
    private ProducerEntry? _previous = previous;

    // The sequence before the first batch that this entry took: where to begin again when none of them is durable.
    private int? _sequenceBeforeFirst;

    public long ProducerId => producerId;

    public short Epoch => epoch;

    public int LastSequence { get; private set; } = -1;

    /// <summary>The last sequence known to be durable, -1 when none of this epoch is.</summary>
    public int DurableSequence { get; private set; } = -1;

    public long LastTimestampMs { get; private set; }

    /// <summary>The offset of the last record of the newest remembered batch; -1 when none is remembered.</summary>
    public Offset LastOffset { get; private set; } = new(-1);

    /// <summary>The remembered batches, oldest first.</summary>
    public IReadOnlyCollection<ProducerBatch> Batches => _batches;

    public ProducerBatch? Find(int baseSequence, int lastSequence)
    {
        foreach (ProducerBatch batch in _batches)
        {
            if (batch.BaseSequence == baseSequence && batch.LastSequence == lastSequence)
            {
                return batch;
            }
        }

        return null;
    }

    public void Append(in ProducerBatch batch)
    {
        if (_batches.Count == ProducerTable.RememberedBatches)
        {
            _batches.Dequeue();
        }

        _sequenceBeforeFirst ??= batch.BaseSequence - 1;
        _batches.Enqueue(batch);
        LastSequence = batch.LastSequence;
        LastOffset = batch.LastOffset;
        LastTimestampMs = Math.Max(LastTimestampMs, batch.TimestampMs);
    }

    public void MarkDurable(in ProducerBatch batch)
    {
        DurableSequence = batch.LastSequence;
        _previous = null;
    }

    /// <summary>
    /// This entry without its batches from <paramref name="durableEnd"/> on. When none of them is durable, it is the entry
    /// of the epoch before or, without one, an entry that waits for the first batch again: what its producer has in
    /// flight behind the refused batches arrives yet, and must not be taken as a beginning.
    /// </summary>
    public ProducerEntry RolledBack(Offset durableEnd)
    {
        if (DurableSequence < 0)
        {
            return _previous?.RolledBack(durableEnd) ?? WaitingForFirst();
        }

        ProducerEntry kept = new(producerId, epoch) { LastTimestampMs = LastTimestampMs };
        foreach (ProducerBatch batch in _batches)
        {
            if (batch.BaseOffset < durableEnd)
            {
                kept._batches.Enqueue(batch);
                kept.LastOffset = batch.LastOffset;
            }
        }

        kept.LastSequence = kept.DurableSequence = DurableSequence;
        return kept;
    }

    private ProducerEntry WaitingForFirst() => new(producerId, epoch)
    {
        _sequenceBeforeFirst = _sequenceBeforeFirst,
        LastSequence = _sequenceBeforeFirst ?? -1,
        LastTimestampMs = LastTimestampMs,
    };

    /// <summary>An entry as stored state describes it: all of it durable.</summary>
    public static ProducerEntry Stored(long producerId, short epoch, int lastSequence, long lastTimestampMs, IEnumerable<ProducerBatch> batches)
    {
        ProducerEntry entry = new(producerId, epoch);
        foreach (ProducerBatch batch in batches)
        {
            entry._batches.Enqueue(batch);
            entry.LastOffset = batch.LastOffset;
        }

        entry.LastSequence = entry.DurableSequence = lastSequence;
        entry.LastTimestampMs = lastTimestampMs;
        return entry;
    }
}
