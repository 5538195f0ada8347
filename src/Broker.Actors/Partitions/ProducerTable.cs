using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>What an idempotent producer's next batch turned out to be (KIP-98, KIP-360).</summary>
internal enum SequenceVerdict
{
    Accepted,
    Duplicate,
    OutOfOrder,
    StaleEpoch,

    /// <summary>Not the first batch of a producer that is not known: it was forgotten, or its first ones are still to come.</summary>
    Unknown,
}

/// <summary>A batch as its producer numbered it.</summary>
/// <param name="TimestampMs">When the partition took it, or read it back from the write-ahead log, by the broker's clock.</param>
internal readonly record struct ProducerBatch(long ProducerId, short ProducerEpoch, int BaseSequence, int LastSequence, Offset BaseOffset, Offset LastOffset, long TimestampMs);

/// <summary>
/// The last sequences of a partition's idempotent producers: recognises a repeated batch and refuses a gap.
/// Appended batches count at once; those that turn out not to be durable are taken back by <see cref="Rollback"/>.
/// Owned by one partition actor; not thread-safe.
/// </summary>
internal sealed class ProducerTable
{
    /// <summary>Kafka remembers so many batches a producer: what its clients keep in flight at most.</summary>
    public const int RememberedBatches = 5;

    private readonly Dictionary<long, ProducerEntry> _entries = [];

    public int Count => _entries.Count;

    public IEnumerable<ProducerEntry> Entries => _entries.Values;

    /// <summary>Judges a batch without changing anything.</summary>
    /// <param name="original">For a duplicate: the batch that was appended the first time.</param>
    public SequenceVerdict Check(in ProducerBatch batch, out ProducerBatch original)
    {
        original = default;
        if (!_entries.TryGetValue(batch.ProducerId, out ProducerEntry? entry))
        {
            return batch.BaseSequence == 0 ? SequenceVerdict.Accepted : SequenceVerdict.Unknown;
        }

        if (batch.ProducerEpoch != entry.Epoch)
        {
            return batch.ProducerEpoch < entry.Epoch ? SequenceVerdict.StaleEpoch
                : batch.BaseSequence == 0 ? SequenceVerdict.Accepted : SequenceVerdict.OutOfOrder;
        }

        if (entry.Find(batch.BaseSequence, batch.LastSequence) is { } known)
        {
            original = known;
            return SequenceVerdict.Duplicate;
        }

        return IsNext(entry.LastSequence, batch.BaseSequence) ? SequenceVerdict.Accepted : SequenceVerdict.OutOfOrder;
    }

    /// <summary>Records an accepted batch.</summary>
    public void Append(in ProducerBatch batch)
    {
        if (!_entries.TryGetValue(batch.ProducerId, out ProducerEntry? entry) || entry.Epoch != batch.ProducerEpoch)
        {
            _entries[batch.ProducerId] = entry = new ProducerEntry(batch.ProducerId, batch.ProducerEpoch, previous: entry);
        }

        entry.Append(batch);
    }

    /// <summary>Records a durable batch read back from the log; one that the table already holds changes nothing.</summary>
    public void Replay(in ProducerBatch batch)
    {
        if (!_entries.TryGetValue(batch.ProducerId, out ProducerEntry? entry) || entry.Epoch < batch.ProducerEpoch || entry.LastOffset < batch.LastOffset)
        {
            Append(batch);
            MarkDurable(batch);
        }
    }

    /// <summary>Records that everything a producer appended up to this batch is durable.</summary>
    public void MarkDurable(in ProducerBatch batch)
    {
        if (_entries.TryGetValue(batch.ProducerId, out ProducerEntry? entry) && entry.Epoch == batch.ProducerEpoch)
        {
            entry.MarkDurable(batch);
        }
    }

    /// <summary>Takes back all batches from <paramref name="durableEnd"/> on: they will never be in the log.</summary>
    public void Rollback(Offset durableEnd)
    {
        foreach (ProducerEntry entry in _entries.Values.ToArray())
        {
            _entries[entry.ProducerId] = entry.RolledBack(durableEnd);
        }
    }

    /// <summary>Forgets producers whose last batch was taken before <paramref name="oldestTimestampMs"/>.</summary>
    public void Expire(long oldestTimestampMs)
    {
        foreach (ProducerEntry entry in _entries.Values.Where(e => e.LastTimestampMs < oldestTimestampMs).ToArray())
        {
            _entries.Remove(entry.ProducerId);
        }
    }

    /// <summary>Puts back an entry from stored state.</summary>
    internal void Restore(ProducerEntry entry) => _entries[entry.ProducerId] = entry;

    // Sequences wrap from int.MaxValue to 0.
    private static bool IsNext(int last, int next) => next == (last == int.MaxValue ? 0 : last + 1);
}
