using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>
/// The write-ahead log in the object store. Which one it is, the metadata say: the one that this node's last start attached and no stop has
/// released; else a new one. So a start needs nothing but the store. The last start may still be running: taking over the metadata ends its uploads and
/// trims, opening the log ends its acknowledgements, in this order, so that what it trims is in the metadata that are read in between.
/// </summary>
internal sealed class BucketNodeWal(IObjectStore store, BrokerOptions options, StorageSources sources) : INodeWal
{
    private readonly WalId _fresh = new(sources.Ids.Next());
    private BucketWal? _current;

    public WalOwnership OwnershipIn(MetadataImage image)
    {
        IReadOnlyList<WalId> givenUp = options.Storage.AcceptedWalLoss;
        AttachedWal? mine = image.Wals.Values.FirstOrDefault(
            wal => wal.Node == options.NodeId && WalPlace.IsInBucket(wal.Path) && !wal.IsFenced && !givenUp.Contains(wal.WalId));
        return new WalOwnership(mine?.WalId ?? _fresh, options.NodeId, Environment.MachineName, mine?.Path ?? WalPlace.InBucket(_fresh), givenUp);
    }

    public void Check(MetadataImage image)
    {
        // It lies in the cluster's own store.
    }

    public void JoinCluster(string clusterId)
    {
        // As above.
    }

    // One that the metadata know was made before they did.
    public ValueTask CreateAsync(WalOwnership ownership, long nodeEpoch, CancellationToken cancellation) =>
        ownership.Own == _fresh ? BucketWal.CreateAsync(store, WalOptions(ownership, nodeEpoch), cancellation) : ValueTask.CompletedTask;

    public ReopeningWal Open(WalOwnership ownership, long nodeEpoch)
    {
        return new ReopeningWal(OpenOnce(), _ => ValueTask.FromResult<IWriteAheadLog>(OpenOnce()), sources.Clock);

        BucketWal OpenOnce() => _current = new BucketWal(store, WalOptions(ownership, nodeEpoch));
    }

    public ValueTask RetireAsync(CancellationToken cancellation) => _current?.RetireAsync(cancellation) ?? ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _current?.DisposeAsync() ?? ValueTask.CompletedTask;

    private BucketWalOptions WalOptions(WalOwnership ownership, long nodeEpoch) => new()
    {
        Prefix = WalPlace.PrefixOf(ownership.Place),
        MustExist = true,
        OwnerEpoch = nodeEpoch,
        CapacityBytes = options.Storage.BucketWal.CapacityBytes,
        MaxBatchBytes = options.Storage.WalBatchMaxBytes,
        MaxInFlight = options.Storage.BucketWal.PutsInFlight,
        MaxPutsPerSecond = options.Storage.BucketWal.MaxPutsPerSecond,
        SmallPutBytes = options.Storage.BucketWal.SmallPutBytes,
        MaxLinger = options.Storage.BucketWal.Linger,
        Time = sources.Clock,
        Ids = sources.Ids,
        JitterSeed = sources.Random.Next(),
    };
}

/// <summary>How the metadata say where a log is: an absolute path of a folder, or <c>bucket:</c> and the log's prefix in the object store.</summary>
internal static class WalPlace
{
    private const string BucketScheme = AttachedWal.BucketScheme;

    public static string InBucket(WalId id) => BucketScheme + BucketWalOptions.PrefixOf(id);

    public static bool IsInBucket(string place) => place.StartsWith(BucketScheme, StringComparison.Ordinal);

    /// <summary>The prefix of a log in the bucket.</summary>
    public static string PrefixOf(string place) => place[BucketScheme.Length..];
}
