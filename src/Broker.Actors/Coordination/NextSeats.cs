using Broker.ObjectStore;

namespace Broker.Actors.Coordination;

/// <summary>
/// Where streams may go whose leaders let go of them: the nodes that take seats, and the moves that were chosen. Written where seats are allocated, read where the metadata are, both of which the
/// oldest node has. Until something is written nobody knows a successor. Thread-safe.
/// </summary>
internal sealed class NextSeats
{
    private readonly object _lock = new();
    private readonly HashSet<NodeId> _nodes = [];

    // Each by the start that leaves.
    private readonly Dictionary<NodeId, long> _leaving = [];
    private readonly Dictionary<StreamId, NodeId> _moves = [];

    /// <summary>Whether that start of the node takes seats.</summary>
    public bool Takes(NodeId node, long nodeEpoch)
    {
        lock (_lock)
        {
            return _nodes.Contains(node) && !IsLeaving(node, nodeEpoch);
        }
    }

    /// <summary>Whether it is known that this start of the node takes none any more.</summary>
    public bool IsLeaving(NodeId node, long nodeEpoch)
    {
        lock (_lock)
        {
            return _leaving.TryGetValue(node, out long leaving) && leaving == nodeEpoch;
        }
    }

    /// <summary>These nodes take seats, and no others.</summary>
    public void See(IEnumerable<NodeId> nodes)
    {
        NodeId[] seen = [.. nodes];
        lock (_lock)
        {
            _nodes.Clear();
            _nodes.UnionWith(seen);
        }
    }

    /// <summary>That start of the node takes none any more, though it is seen.</summary>
    public void Leaves(NodeId node, long nodeEpoch)
    {
        lock (_lock)
        {
            _leaving[node] = nodeEpoch;
        }
    }

    /// <summary>These streams are to move; of earlier choices those stay that are on their way.</summary>
    public void Choose(IEnumerable<(StreamId Stream, NodeId To)> moves, IReadOnlySet<StreamId> onTheirWay)
    {
        (StreamId Stream, NodeId To)[] chosen = [.. moves];
        lock (_lock)
        {
            foreach (StreamId done in _moves.Keys.Where(stream => !onTheirWay.Contains(stream)).ToArray())
            {
                _moves.Remove(done);
            }

            foreach ((StreamId stream, NodeId to) in chosen)
            {
                _moves[stream] = to;
            }
        }
    }

    /// <summary>Where a stream was chosen to move to; null: it was not.</summary>
    public NodeId? ChosenFor(StreamId stream)
    {
        lock (_lock)
        {
            return _moves.TryGetValue(stream, out NodeId to) ? to : null;
        }
    }
}
