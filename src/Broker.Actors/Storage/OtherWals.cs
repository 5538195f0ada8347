using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>The write-ahead logs of other nodes, as those need them who take over from these.</summary>
internal static class OtherWals
{
    /// <summary>What a fenced log holds.</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="wal">The log.</param>
    /// <param name="sources">For a log on a disk.</param>
    /// <param name="ahead">What has been read of it already; null: nothing.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">Unavailable: it cannot be read now, or not from here. Corrupt.</exception>
    public static IAsyncEnumerable<WalRecoveredRecord> ReadAsync(IObjectStore store, AttachedWal wal, StorageSources sources, SlotsAhead? ahead, CancellationToken cancellation) => wal.IsInBucket
        ? FencedBucketWal.ReadAsync(new PurposeObjectStore(store, StorePurpose.Wal), WalPlace.PrefixOf(wal.Path), ahead, cancellation)
        : FencedDiskWal.ReadAsync(wal.Path, wal.WalId, sources.Random, sources.Ids, cancellation);

    /// <summary>Reads what a log in the bucket holds now, for who reads it later.</summary>
    /// <exception cref="StorageException">It could not be read, or not to its end.</exception>
    public static Task ReadAheadAsync(IObjectStore store, AttachedWal wal, SlotsAhead ahead, CancellationToken cancellation) =>
        FencedBucketWal.ReadAheadAsync(new PurposeObjectStore(store, StorePurpose.Wal), WalPlace.PrefixOf(wal.Path), ahead, cancellation);

    /// <summary>Fences a log (T1).</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="wal">The log.</param>
    /// <param name="lastOwner">The epoch of its node's newest start.</param>
    /// <param name="sources">Clock and ids.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">Unavailable: try again, or it is on a disk that cannot be reached from here. Corrupt.</exception>
    public static async ValueTask FenceAsync(IObjectStore store, AttachedWal wal, long lastOwner, StorageSources sources, CancellationToken cancellation)
    {
        if (wal.IsInBucket)
        {
            await FencedBucketWal.FenceAsync(new PurposeObjectStore(store, StorePurpose.Wal), WalPlace.PrefixOf(wal.Path), lastOwner, sources.Clock, sources.Ids, cancellation);
            return;
        }

        try
        {
            await FencedDiskWal.CheckAsync(wal.Path, wal.WalId, cancellation);
        }
        catch (StorageException unreachable) when (unreachable.Kind == StorageErrorKind.Unavailable)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"{unreachable.Message}; the partitions of {WalOwnership.Describe(wal)}, wait for that node, or for its folder to be reached from here", unreachable);
        }
    }
}
