using System.Collections.Concurrent;
using Broker.ObjectStore;

namespace Broker.Actors.Coordination;

/// <summary>What a node's partitions carry.</summary>
/// <param name="Node">Which node.</param>
/// <param name="Streams">Those that carry anything, with the bytes per second that go in and out.</param>
internal sealed record NodeLoad(NodeId Node, IReadOnlyList<(StreamId Stream, double BytesPerSecond)> Streams);

/// <summary>What the partitions of the cluster carry, as their nodes said last. Kept where the coordinator is. Thread-safe.</summary>
internal sealed class ClusterLoads
{
    private readonly ConcurrentDictionary<NodeId, NodeLoad> _nodes = new();

    public void Take(NodeLoad load) => _nodes[load.Node] = load;

    public void Forget(NodeId node) => _nodes.TryRemove(node, out _);

    /// <summary>By stream; one that has just moved may be known from both nodes, and counts as the busier of these.</summary>
    public IReadOnlyDictionary<StreamId, double> BytesPerSecond() => _nodes.Values.SelectMany(node => node.Streams)
        .GroupBy(one => one.Stream).ToDictionary(one => one.Key, one => one.Max(each => each.BytesPerSecond));
}
