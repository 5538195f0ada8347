namespace Broker.Actors.Configuration;

/// <summary>How topics come to be and go.</summary>
public sealed record TopicOptions(
    bool AutoCreate,
    bool DeleteEnabled,
    int NumPartitions,
    short DefaultReplicationFactor,
    TimeSpan RetentionCheckInterval,
    TimeSpan DeleteDelay,
    TimeSpan ProducerIdExpiration)
{
    public static TopicOptions From(BrokerSettings settings) => new(
        settings.Boolean("auto.create.topics.enable"),
        settings.Boolean("delete.topic.enable"),
        settings.Int("num.partitions"),
        checked((short)settings.Int("default.replication.factor")),
        settings.Duration("log.retention.check.interval.ms"),
        settings.Duration("log.segment.delete.delay.ms"),
        settings.Duration("producer.id.expiration.ms"));
}
