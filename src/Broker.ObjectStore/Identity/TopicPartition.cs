namespace Broker.ObjectStore;

/// <summary>A partition by its topic's name, as clients call it.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}-{Partition}";
}
