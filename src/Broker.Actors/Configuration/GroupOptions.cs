namespace Broker.Actors.Configuration;

/// <summary>Bounds and delays of classic consumer groups and their committed offsets.</summary>
public sealed record GroupOptions(
    TimeSpan InitialRebalanceDelay,
    TimeSpan MinSessionTimeout,
    TimeSpan MaxSessionTimeout,
    int MaxSize,
    int MaxOffsetMetadataBytes,
    int OffsetsTopicPartitions,
    int OffsetsTopicSegmentBytes,
    TimeSpan OffsetsRetention,
    TimeSpan OffsetsRetentionCheckInterval,
    TimeSpan CommitTimeout)
{
    public static GroupOptions From(BrokerSettings settings) => new(
        settings.Duration("group.initial.rebalance.delay.ms"),
        settings.Duration("group.min.session.timeout.ms"),
        settings.Duration("group.max.session.timeout.ms"),
        settings.Int("group.max.size"),
        settings.Int("offset.metadata.max.bytes"),
        settings.Int("offsets.topic.num.partitions"),
        settings.Int("offsets.topic.segment.bytes"),
        TimeSpan.FromMinutes(settings.Long("offsets.retention.minutes")),
        settings.Duration("offsets.retention.check.interval.ms"),
        settings.Duration("offsets.commit.timeout.ms"));
}
