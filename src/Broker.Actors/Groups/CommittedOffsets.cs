using Broker.ObjectStore;

namespace Broker.Actors.Groups;

/// <summary>A committed offset, as its consumer sent it.</summary>
/// <param name="LeaderEpoch">-1 when the consumer named none.</param>
/// <param name="CommitTimeMs">When the broker took it, in ms since 1970.</param>
/// <param name="ExpireTimeMs">When it is to be forgotten, where the client said so (OffsetCommit 2-4), in ms since 1970; else -1.</param>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string Metadata, long CommitTimeMs, long ExpireTimeMs = -1);

/// <summary>The durable committed offsets of one group.</summary>
internal sealed class CommittedOffsets
{
    private readonly Dictionary<TopicPartition, CommittedOffset> _byPartition = [];

    public int Count => _byPartition.Count;

    public IEnumerable<KeyValuePair<TopicPartition, CommittedOffset>> All => _byPartition;

    public CommittedOffset? Find(TopicPartition partition) => _byPartition.GetValueOrDefault(partition);

    public void Set(TopicPartition partition, CommittedOffset offset) => _byPartition[partition] = offset;

    public void Remove(TopicPartition partition) => _byPartition.Remove(partition);

    /// <summary>
    /// The partitions to be forgotten: at the time their client named, else so long after the commit, or after <paramref name="sinceMs"/> if that is later.
    /// </summary>
    public TopicPartition[] Expired(long nowMs, long retentionMs, long sinceMs, IReadOnlySet<string> keptTopics) =>
    [
        .. _byPartition
            .Where(entry => !keptTopics.Contains(entry.Key.Topic))
            .Where(entry => nowMs >= (entry.Value.ExpireTimeMs >= 0 ? entry.Value.ExpireTimeMs : Math.Max(entry.Value.CommitTimeMs, sinceMs) + retentionMs))
            .Select(entry => entry.Key),
    ];
}
