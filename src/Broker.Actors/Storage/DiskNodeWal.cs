using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>The write-ahead log in a folder of this node, whose lock it holds from the beginning: which log it is, the folder says.</summary>
internal sealed class DiskNodeWal : INodeWal
{
    private readonly BrokerOptions _options;
    private readonly StorageSources _sources;
    private readonly DiskWal _first;

    private DiskNodeWal(BrokerOptions options, StorageSources sources, DiskWal first) => (_options, _sources, _first) = (options, sources, first);

    /// <exception cref="StorageException">As of <see cref="DiskWal.OpenAsync"/>.</exception>
    public static async ValueTask<INodeWal> OpenAsync(BrokerOptions options, StorageSources sources, CancellationToken cancellation) =>
        new DiskNodeWal(options, sources, await DiskWal.OpenAsync(WalOptions(options, sources), cancellation));

    public WalOwnership OwnershipIn(MetadataImage image) =>
        new(_first.Id, _options.NodeId, Environment.MachineName, _options.Storage.WalFolder, _options.Storage.AcceptedWalLoss);

    public IWriteAheadLog Open(WalOwnership ownership, long nodeEpoch) => new ReopeningWal(_first, ReopenAsync, _sources.Clock);

    public ValueTask RetireAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _first.DisposeAsync();

    // After a failed write or sync. The same folder may lead to another disk by then, or to none.
    private async ValueTask<IWriteAheadLog> ReopenAsync(CancellationToken cancellation)
    {
        DiskWal wal = await DiskWal.OpenAsync(WalOptions(_options, _sources), cancellation);
        if (wal.Id == _first.Id)
        {
            return wal;
        }

        await wal.DisposeAsync();
        throw new StorageException(
            StorageErrorKind.Unavailable,
            $"the WAL in '{_options.Storage.WalFolder}' has failed, and another one ({wal.Id}) is in its place now; {_first.Id} is missing: restart the node when it is back");
    }

    private static DiskWalOptions WalOptions(BrokerOptions options, StorageSources sources) => new()
    {
        Folder = options.Storage.WalFolder,
        NodeId = options.NodeId,
        Random = sources.Random,
        Ids = sources.Ids,
        CapacityBytes = options.Storage.WalCapacityBytes,
        SegmentBytes = options.Storage.WalSegmentBytes,
        ReserveBytes = options.Storage.WalReserveBytes,
        MaxGroupBytes = options.Storage.WalBatchMaxBytes,
        FileSystem = sources.WalFiles,
        Turns = sources.WalTurns,
    };
}
