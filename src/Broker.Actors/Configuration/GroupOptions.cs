namespace Broker.Actors.Configuration;

/// <summary>Bounds and delays of classic consumer groups and their committed offsets.</summary>
public sealed record GroupOptions(
    TimeSpan InitialRebalanceDelay,
    TimeSpan MinSessionTimeout,
    TimeSpan MaxSessionTimeout,
    int MaxSize,
    int MaxOffsetMetadataBytes,
    int OffsetsTopicPartitions,
    TimeSpan OffsetsRetention,
    TimeSpan OffsetsRetentionCheckInterval,
    TimeSpan CommitTimeout)
{
    public static GroupOptions From(BrokerSettings settings) => new(
        TimeSpan.FromMilliseconds(settings.Long("group.initial.rebalance.delay.ms")),
        TimeSpan.FromMilliseconds(settings.Long("group.min.session.timeout.ms")),
        TimeSpan.FromMilliseconds(settings.Long("group.max.session.timeout.ms")),
        settings.Int("group.max.size"),
        settings.Int("offset.metadata.max.bytes"),
        settings.Int("offsets.topic.num.partitions"),
        TimeSpan.FromMinutes(settings.Long("offsets.retention.minutes")),
        TimeSpan.FromMilliseconds(settings.Long("offsets.retention.check.interval.ms")),
        TimeSpan.FromMilliseconds(settings.Long("offsets.commit.timeout.ms")));
}
