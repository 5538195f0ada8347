using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>Which node is to lead what, as pure functions of the metadata.</summary>
internal static class PartitionBalance
{
    /// <summary>Leaders for the partitions of a new topic: spread over the nodes, beginning with those that lead the fewest streams.</summary>
    /// <returns>One for each partition; empty when there is no node to lead any.</returns>
    public static IReadOnlyList<(NodeId Node, WalId Wal)> Place(MetadataImage image, int partitions)
    {
        IReadOnlyList<(NodeId Node, WalId Wal)> candidates = LeadershipRules.Candidates(image);
        if (candidates.Count < 2)
        {
            return [.. candidates.SelectMany(one => Enumerable.Repeat(one, partitions))];
        }

        Dictionary<NodeId, int> led = CountLed(image);
        (NodeId Node, WalId Wal)[] byLoad = [.. candidates.OrderBy(one => led.GetValueOrDefault(one.Node)).ThenBy(one => one.Node)];
        return [.. Enumerable.Range(0, partitions).Select(i => byLoad[i % byLoad.Length])];
    }

    /// <summary>Streams that nobody leads who is there, or whose leader has started anew with another log.</summary>
    public static IEnumerable<StreamId> Orphans(MetadataImage image)
    {
        Dictionary<NodeId, WalId> logs = LeadershipRules.Candidates(image).ToDictionary(one => one.Node, one => one.Wal);
        return image.Streams.Values.Where(stream => !logs.TryGetValue(stream.Leader, out WalId log) || log != stream.Wal).Select(stream => stream.StreamId).Order();
    }

    /// <summary>Leaders for streams that nobody leads: each to the node that leads the fewest by then. A stream whose node has come back goes to it again.</summary>
    /// <param name="image">The metadata.</param>
    /// <param name="orphans">The streams.</param>
    /// <param name="assigned">What was given out before and is not opened yet: counts as led.</param>
    /// <returns>Empty when there is no node to lead any.</returns>
    public static IReadOnlyDictionary<StreamId, NodeId> Assign(MetadataImage image, IEnumerable<StreamId> orphans, IEnumerable<NodeId> assigned)
    {
        NodeId[] nodes = [.. LeadershipRules.Candidates(image).Select(one => one.Node)];
        Dictionary<NodeId, int> led = CountLed(image);
        foreach (NodeId node in assigned)
        {
            led[node] = led.GetValueOrDefault(node) + 1;
        }

        Dictionary<StreamId, NodeId> leaders = [];
        foreach (StreamId stream in nodes.Length > 0 ? orphans : [])
        {
            NodeId before = image.Streams[stream].Leader;
            NodeId leader = nodes.Contains(before) ? before : nodes.MinBy(node => (led.GetValueOrDefault(node), node));
            leaders[stream] = leader;
            led[leader] = led.GetValueOrDefault(leader) + 1;
        }

        return leaders;
    }

    private static Dictionary<NodeId, int> CountLed(MetadataImage image) => image.Streams.Values.CountBy(stream => stream.Leader).ToDictionary();
}
