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
        TimeSpan.FromMilliseconds(settings.Long("log.retention.check.interval.ms")),
        TimeSpan.FromMilliseconds(settings.Long("log.segment.delete.delay.ms")),
        TimeSpan.FromMilliseconds(settings.Long("producer.id.expiration.ms")));
}
