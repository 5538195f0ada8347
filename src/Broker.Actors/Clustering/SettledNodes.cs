using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>
/// Which nodes have been there for long enough to get partitions that others lead. Clients that have found a node gone wait before they connect to it again, and a partition that comes to one
/// that has just come back waits with them. A node that is there for the first time nobody has found gone. Who looks for the first time, as a new coordinator does, cannot tell who has just come back. Not thread-safe.
/// </summary>
internal sealed class SettledNodes(TimeProvider clock)
{
    /// <summary>librdkafka, of the common clients, waits longest: 10 s at most (<c>reconnect.backoff.max.ms</c>), and connects then.</summary>
    internal static readonly TimeSpan SettlesAfter = TimeSpan.FromSeconds(12);

    private const long FirstEpoch = 1;

    // By the start that is there, and since when; null: it is the node's first.
    private readonly Dictionary<NodeId, (long Epoch, long? Since)> _seen = [];

    /// <summary>These starts of nodes are there, and no others.</summary>
    public void See(IEnumerable<(NodeId Node, long Epoch)> nodes)
    {
        Dictionary<NodeId, long> there = nodes.ToDictionary(one => one.Node, one => one.Epoch);
        foreach (NodeId gone in _seen.Keys.Where(node => !there.ContainsKey(node)).ToArray())
        {
            _seen.Remove(gone);
        }

        foreach ((NodeId node, long epoch) in there)
        {
            if (!_seen.TryGetValue(node, out (long Epoch, long?) seen) || seen.Epoch != epoch)
            {
                _seen[node] = (epoch, epoch <= FirstEpoch ? null : clock.GetTimestamp());
            }
        }
    }

    /// <summary>Whether it has been seen for long enough.</summary>
    public bool IsSettled(NodeId node) => _seen.TryGetValue(node, out (long, long? Since) seen) && (seen.Since is not { } since || clock.GetElapsedTime(since) >= SettlesAfter);
}
