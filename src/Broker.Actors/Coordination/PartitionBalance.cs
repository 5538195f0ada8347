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

    private static Dictionary<NodeId, int> CountLed(MetadataImage image) => image.Streams.Values.CountBy(stream => stream.Leader).ToDictionary();
}
