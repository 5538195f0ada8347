using System.Collections.Concurrent;
using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>
/// Whether other starts use the same bucket: who does finds this one's registration, which is of this start alone. A copy of a bucket names brokers that live, and seeds of the settings may be anybody's;
/// what a broker on another bucket acknowledged would be in nobody's metadata. Thread-safe.
/// </summary>
/// <param name="probe">Asks them.</param>
/// <param name="registry">In this node's bucket.</param>
/// <param name="entry">Of this start, registered.</param>
internal sealed class SharedBucket(StartProbe probe, NodeRegistry registry, NodeEntry entry)
{
    private readonly ConcurrentDictionary<Address, bool> _known = [];

    /// <summary>Whether this bucket is that of the start at an address; null: it does not say.</summary>
    /// <param name="other">Of a start that has answered.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="StorageException">Unavailable: another start of this node has taken its registration's place, and nobody can tell.</exception>
    public async Task<bool?> IsOfAsync(Address other, CancellationToken cancellation)
    {
        if (_known.ContainsKey(other))
        {
            return true;
        }

        bool? finds = await probe.FindsAsync(other, entry, cancellation);

        // Looked at after the other one did: if it is here still, it was there then.
        if (finds == false && (await registry.FindAsync(entry.Node, cancellation))?.Entry.Incarnation != entry.Incarnation)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"another start of node {entry.Node} has registered since: of two nodes with one node.id one has to go");
        }

        if (finds == true)
        {
            _known.TryAdd(other, true);
        }

        return finds;
    }
}
