using Broker.ObjectStore;

namespace Broker.Actors.Groups;

/// <summary>A committed offset, as its consumer sent it.</summary>
/// <param name="LeaderEpoch">-1 when the consumer named none.</param>
/// <param name="CommitTimeMs">When the broker took it, in ms since 1970.</param>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string Metadata, long CommitTimeMs);

/// <summary>The durable committed offsets of one group.</summary>
internal sealed class CommittedOffsets
{
    private readonly Dictionary<TopicPartition, CommittedOffset> _byPartition = [];

    public int Count => _byPartition.Count;

    public IEnumerable<KeyValuePair<TopicPartition, CommittedOffset>> All => _byPartition;

    public CommittedOffset? Find(TopicPartition partition) => _byPartition.GetValueOrDefault(partition);

    public void Set(TopicPartition partition, CommittedOffset offset) => _byPartition[partition] = offset;

    public void Remove(TopicPartition partition) => _byPartition.Remove(partition);

    /// <summary>Partitions whose last commit, and the group's last activity, lie before <paramref name="beforeMs"/>.</summary>
    public TopicPartition[] Expired(long activeMs, long beforeMs) => activeMs >= beforeMs
        ? []
        : [.. _byPartition.Where(entry => entry.Value.CommitTimeMs < beforeMs).Select(entry => entry.Key)];
}
