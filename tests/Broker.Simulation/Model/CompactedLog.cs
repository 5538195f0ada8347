namespace Broker.Simulation.Model;

/// <summary>
/// Judges what was read of a compacted partition, from its start to its end:
///
/// L8. Compaction keeps the last record of each key; if that is a tombstone, for delete.retention.ms at least.
/// L9. What a tombstone deleted does not come back when the tombstone goes.
/// L10. Compaction gets somewhere: where all that is dirty is due, the time comes when no key has two records.
/// </summary>
/// <param name="name">The partition's.</param>
/// <param name="rules">The topic's.</param>
/// <param name="known">All records of which anyone ever heard.</param>
internal sealed class CompactedLog(string name, TopicRules rules, IReadOnlyDictionary<long, KnownRecord> known)
{
    /// <summary>L8 and L9.</summary>
    /// <param name="offsets">What is there.</param>
    /// <param name="start">Where the log begins.</param>
    /// <param name="nowMs">When it was read, in milliseconds since 1970.</param>
    public void Check(IEnumerable<long> offsets, long start, long nowMs)
    {
        Dictionary<int, (long First, long Last)> present = [];
        foreach (long offset in offsets)
        {
            int key = KeyAt(offset);
            present[key] = (present.TryGetValue(key, out (long First, long Last) so) ? so.First : offset, offset);
        }

        foreach (IGrouping<int, long> key in known.Keys.Where(offset => offset >= start).GroupBy(KeyAt))
        {
            long last = key.Max();
            KnownRecord record = known[last];
            if (present.TryGetValue(key.Key, out (long First, long Last) found) && found.Last == last)
            {
                continue;
            }

            if (!record.IsTombstone || nowMs < record.TimestampMs + rules.DeleteRetentionMs)
            {
                throw new ViolationException($"L8: of key {key.Key} in {name}, {record.Id} at offset {last} is gone, its last{(record.IsTombstone ? ", which deletes it" : "")}");
            }

            if (present.ContainsKey(key.Key))
            {
                throw new ViolationException($"L9: key {key.Key} of {name} is there with offset {found.First}, and was deleted by offset {last}, which is gone");
            }
        }
    }

    /// <summary>A key that has two records among those that are there; null when none has.</summary>
    public int? KeyThatIsThereTwice(IEnumerable<long> offsets) => offsets.GroupBy(KeyAt).Where(key => key.Count() > 1).Select(key => (int?)key.Key).FirstOrDefault();

    private int KeyAt(long offset) => rules.KeyOf(known[offset].Id)!.Value;
}
