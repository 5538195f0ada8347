using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>
/// The node's write-ahead log of either kind, as a start and a stop need it: first which log it is, for the metadata; then the log. Disposing closes what
/// was opened.
/// </summary>
internal interface INodeWal : IAsyncDisposable
{
    /// <summary>Which log this node writes, on those metadata.</summary>
    WalOwnership OwnershipIn(MetadataImage image);

    /// <summary>Looks whether the log belongs to the cluster of those metadata, and is no copy of the one that they know; the empty image: there is no cluster yet. Changes nothing.</summary>
    /// <exception cref="ObjectStore.StorageException">Invalid: it is a copy, or belongs to another cluster, or nobody knows to which.</exception>
    void Check(MetadataImage image);

    /// <summary>Has the log remember, durably, that it belongs to that cluster, where it was not known. Before the cluster's metadata know the log.</summary>
    /// <exception cref="ObjectStore.StorageException">Unavailable: it does not.</exception>
    void JoinCluster(string clusterId);

    /// <summary>Has the log there, durably, before the metadata know it: from then on one that is not there is lost, and not begun anew.</summary>
    /// <exception cref="ObjectStore.StorageException">Unavailable: it is not.</exception>
    ValueTask CreateAsync(WalOwnership ownership, long nodeEpoch, CancellationToken cancellation);

    /// <summary>The log, not yet recovered; after a failure it is opened anew by itself.</summary>
    /// <param name="ownership">As the metadata hold it by now.</param>
    /// <param name="nodeEpoch">The epoch of this start of the node.</param>
    ReopeningWal Open(WalOwnership ownership, long nodeEpoch);

    /// <summary>The log is closed, and the metadata do not know it any more: what it still holds may go.</summary>
    /// <exception cref="ObjectStore.StorageException">Unavailable: it stays, to no harm.</exception>
    ValueTask RetireAsync(CancellationToken cancellation);
}
