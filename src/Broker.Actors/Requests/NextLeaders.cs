using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Requests;

/// <summary>Who leads the partitions that a client asked the wrong node for, and where that is (KIP-951): it need not ask for the metadata.</summary>
/// <param name="image">As new as the refusal.</param>
/// <param name="listenerName">By which the client came in.</param>
internal sealed class NextLeaders(MetadataImage image, string listenerName)
{
    private readonly Dictionary<int, LiveBroker> _nodes = [];

    /// <summary>The nodes that were named.</summary>
    public IReadOnlyCollection<LiveBroker> Nodes => _nodes.Values;

    /// <summary>The leader of a partition and its epoch; null: nobody who is there leads it.</summary>
    /// <param name="topicId">Empty: it is called by its name.</param>
    /// <param name="topic">Its name.</param>
    /// <param name="partition">Its number.</param>
    public (int LeaderId, int LeaderEpoch)? Name(Guid topicId, string topic, int partition)
    {
        TopicState? found = topicId == Guid.Empty ? image.FindTopic(topic) : image.FindTopic(topicId);
        if (found is null || partition < 0 || partition >= found.Partitions.Length
            || image.FindStream(found.Partitions[partition]) is not { } stream || LiveBrokers.Find(image, stream.Leader, listenerName) is not { } node)
        {
            return null;
        }

        _nodes[node.NodeId] = node;
        return (node.NodeId, stream.Epoch.Value);
    }
}
