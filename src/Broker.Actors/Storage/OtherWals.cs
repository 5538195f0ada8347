using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>The write-ahead logs of other nodes, as those need them who take over from these.</summary>
internal static class OtherWals
{
    /// <summary>What a fenced log holds.</summary>
    /// <exception cref="StorageException">Unavailable: it cannot be read now, or not from here. Corrupt.</exception>
    public static IAsyncEnumerable<WalRecoveredRecord> ReadAsync(IObjectStore store, AttachedWal wal, CancellationToken cancellation) => wal.IsInBucket
        ? FencedBucketWal.ReadAsync(new PurposeObjectStore(store, StorePurpose.Wal), WalPlace.PrefixOf(wal.Path), cancellation)
        : throw OutOfReach(wal);

    /// <summary>Fences a log (T1).</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="wal">The log.</param>
    /// <param name="lastOwner">The epoch of its node's newest start.</param>
    /// <param name="sources">Clock and ids.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">Unavailable: try again, or it is on a disk that cannot be reached from here. Corrupt.</exception>
    public static ValueTask FenceAsync(IObjectStore store, AttachedWal wal, long lastOwner, StorageSources sources, CancellationToken cancellation) => wal.IsInBucket
        ? FencedBucketWal.FenceAsync(new PurposeObjectStore(store, StorePurpose.Wal), WalPlace.PrefixOf(wal.Path), lastOwner, sources.Clock, sources.Ids, cancellation)
        : throw OutOfReach(wal);

    private static StorageException OutOfReach(AttachedWal wal) => new(
        StorageErrorKind.Unavailable, $"{WalOwnership.Describe(wal)}, cannot be reached from here: its partitions wait for the node");
}
