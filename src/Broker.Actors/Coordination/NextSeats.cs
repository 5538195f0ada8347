using System.Collections.Immutable;
using Broker.ObjectStore;

namespace Broker.Actors.Coordination;

/// <summary>
/// Where streams may go whose leaders let go of them: the nodes that take seats, and the moves that were chosen. Written where seats are allocated, read where the metadata are, both of which the
/// oldest node has. Until something is written nobody knows a successor. Thread-safe.
/// </summary>
internal sealed class NextSeats
{
    private readonly object _lock = new();
    private ImmutableHashSet<NodeId> _nodes = [];
    private ImmutableDictionary<StreamId, NodeId> _moves = ImmutableDictionary<StreamId, NodeId>.Empty;

    /// <summary>The nodes that take seats.</summary>
    public IReadOnlySet<NodeId> Nodes
    {
        get
        {
            lock (_lock)
            {
                return _nodes;
            }
        }
    }

    /// <summary>These nodes take seats, and no others.</summary>
    public void See(IEnumerable<NodeId> nodes)
    {
        ImmutableHashSet<NodeId> seen = [.. nodes];
        lock (_lock)
        {
            _nodes = seen;
        }
    }

    /// <summary>The node takes none, until it is seen again.</summary>
    public void Leaves(NodeId node)
    {
        lock (_lock)
        {
            _nodes = _nodes.Remove(node);
        }
    }

    /// <summary>These streams are to move; of earlier choices those stay that are on their way.</summary>
    public void Choose(IEnumerable<(StreamId Stream, NodeId To)> moves, IReadOnlySet<StreamId> onTheirWay)
    {
        lock (_lock)
        {
            _moves = _moves.Where(move => onTheirWay.Contains(move.Key)).ToImmutableDictionary().SetItems(moves.Select(move => KeyValuePair.Create(move.Stream, move.To)));
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
