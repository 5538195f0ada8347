using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>The partitions of a fetch as Kafka takes them: one that stands twice is read once, where it stood first, as it was asked for last.</summary>
internal static class DistinctPartitions
{
    /// <summary>The topics in their order, each with those of its partitions that did not stand before; a topic of which none is left is left out.</summary>
    public static IEnumerable<(FetchRequest.FetchTopic Topic, IReadOnlyList<FetchRequest.FetchPartition> Partitions)> Of(IReadOnlyList<FetchRequest.FetchTopic> topics)
    {
        Dictionary<(string, Guid, int), FetchRequest.FetchPartition> last = [];
        int count = 0;
        foreach (FetchRequest.FetchTopic topic in topics)
        {
            count += topic.Partitions.Count;
            topic.Partitions.ForEach(partition => last[Key(topic, partition)] = partition);
        }

        return last.Count == count
            ? topics.Select(topic => (topic, (IReadOnlyList<FetchRequest.FetchPartition>)topic.Partitions))
            : FirstOfEach(topics, last);
    }

    private static IEnumerable<(FetchRequest.FetchTopic, IReadOnlyList<FetchRequest.FetchPartition>)> FirstOfEach(
        IReadOnlyList<FetchRequest.FetchTopic> topics, Dictionary<(string, Guid, int), FetchRequest.FetchPartition> last)
    {
        foreach (FetchRequest.FetchTopic topic in topics)
        {
            List<FetchRequest.FetchPartition> first = [];
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                if (last.Remove(Key(topic, partition), out FetchRequest.FetchPartition? asked))
                {
                    first.Add(asked);
                }
            }

            if (first.Count > 0)
            {
                yield return (topic, first);
            }
        }
    }

    // By name or by id: of the two a request's version has one, and the other is the same for all.
    private static (string, Guid, int) Key(FetchRequest.FetchTopic topic, FetchRequest.FetchPartition partition) => (topic.Topic, topic.TopicId, partition.Partition);
}
