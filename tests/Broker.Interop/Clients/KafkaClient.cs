namespace Broker.Interop.Clients;

/// <summary>A Kafka client that others wrote, driven as a process of its own.</summary>
public abstract class KafkaClient(string bootstrap)
{
    public string Bootstrap { get; } = bootstrap;

    /// <summary>Creates a topic; returns when clients can use it.</summary>
    public abstract Task CreateTopicAsync(string topic, int partitions);

    /// <summary>Sends records with acks=all, those of one partition in their order, and waits for all acknowledgements.</summary>
    public abstract Task ProduceAsync(string topic, IReadOnlyList<SentRecord> records, string codec = "none");

    /// <summary>The first <paramref name="count"/> records of the topic, read without committing.</summary>
    public abstract Task<IReadOnlyList<ReceivedRecord>> ConsumeAsync(string topic, int count);

    /// <summary>The first <paramref name="count"/> records whose timestamps are <paramref name="timestampMs"/> or later.</summary>
    public abstract Task<IReadOnlyList<ReceivedRecord>> ConsumeSinceAsync(string topic, long timestampMs, int count);

    /// <summary>Joins a group, reads on from its commits (from the start without any), commits, leaves.</summary>
    public abstract Task<IReadOnlyList<ReceivedRecord>> ConsumeAsGroupAsync(string topic, string group, int count);

    /// <summary>Starts a member that stays in its group until it is told to leave.</summary>
    public abstract GroupMember Join(string topic, string group);
}
