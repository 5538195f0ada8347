using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>Whom clients are told of as the replicas of a partition, which has one: its leader.</summary>
/// <param name="Nodes">One node; none while nobody could lead it.</param>
/// <param name="Offline">Those of them that are not there.</param>
internal readonly record struct PartitionReplicas(IReadOnlyList<NodeId> Nodes, IReadOnlyList<NodeId> Offline)
{
    /// <summary>The one that leads it, or led it until it went. Of a partition that was given up for others to lead any node may come next: clients know no replica -1.</summary>
    public static PartitionReplicas Of(MetadataImage image, StreamState stream)
    {
        if (stream.Leader != NodeId.None)
        {
            return new PartitionReplicas([stream.Leader], image.LiveNodes.ContainsKey(stream.Leader) ? [] : [stream.Leader]);
        }

        NodeId[] living = [.. image.LiveNodes.Keys.Order()];
        return new PartitionReplicas(living.Length > 0 ? [living[(int)(stream.StreamId.Value % living.Length)]] : [], []);
    }
}
