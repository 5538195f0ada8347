namespace Broker.Simulation.Model;

/// <summary>
/// What one reader of a compacted partition has seen since it began at a place:
///
/// L12. Who saw a key's value meets the tombstone that deletes it, if he goes on within delete.retention.ms of having seen it.
/// </summary>
/// <param name="name">The partition's.</param>
/// <param name="rules">The topic's.</param>
/// <param name="known">All records of which anyone ever heard.</param>
internal sealed class SeenKeys(string name, TopicRules rules, IReadOnlyDictionary<long, KnownRecord> known)
{
    // A leader hears of a cleaning later than those who commit it.
    private const long LagMs = 3000;

    private readonly Dictionary<int, (long Offset, long AtMs)> _seen = [];

    /// <summary>It begins anew, or does not know any more whom it asked.</summary>
    public void Clear() => _seen.Clear();

    /// <summary>It went on from an offset to another, and was given these.</summary>
    public void Passed(long from, long next, IReadOnlyList<FetchedRecord> records, long nowMs)
    {
        HashSet<long> there = [.. records.Select(record => record.Offset)];
        foreach ((int key, (long offset, long atMs)) in _seen.ToArray())
        {
            long last = known.Keys.Where(one => KeyAt(one) == key).Max();
            if (last > offset && last >= from && last < next && known[last].IsTombstone && !there.Contains(last) && nowMs < atMs + rules.DeleteRetentionMs - LagMs)
            {
                throw new ViolationException($"L12: of key {key} in {name}, a reader saw offset {offset} {nowMs - atMs} ms ago, and is not shown offset {last}, which deletes it");
            }
        }

        foreach (FetchedRecord record in records.Where(record => record.Offset >= from))
        {
            _seen[KeyAt(record.Offset)] = (record.Offset, nowMs);
        }
    }

    private int KeyAt(long offset) => rules.KeyOf(known[offset].Id)!.Value;
}
