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
    private readonly KeptWalFolder _folder;
    private readonly DiskWal _first;
    private readonly WalMembership _membership;

    private DiskNodeWal(BrokerOptions options, StorageSources sources, KeptWalFolder folder, DiskWal first, WalMembership membership) =>
        (_options, _sources, _folder, _first, _membership) = (options, sources, folder, first, membership);

    /// <exception cref="StorageException">As of <see cref="DiskWal.OpenAsync"/> and <see cref="WalClusterNote.Find"/>.</exception>
    public static async ValueTask<INodeWal> OpenAsync(BrokerOptions options, StorageSources sources, CancellationToken cancellation)
    {
        string path = options.Storage.WalFolder;
        KeptWalFolder folder = new(InFolder(path, () => sources.WalFiles ?? new WalFolder(path)));
        DiskWal? wal = null;
        try
        {
            wal = await DiskWal.OpenAsync(WalOptions(options, sources, folder), cancellation);
            WalId id = wal.Id;
            WalMembership membership = InFolder(
                path,
                () => new WalMembership(id, path, options.ObjectStore.Description, WalClusterNote.Find(folder)?.ClusterId, WalClusterNote.IsBesideRecords(folder)));
            return new DiskNodeWal(options, sources, folder, wal, membership);
        }
        catch
        {
            await (wal?.DisposeAsync() ?? ValueTask.CompletedTask);
            folder.Dispose();
            throw;
        }
    }

    public void Check(MetadataImage image)
    {
        _membership.Check(image);
        string here = _options.Storage.WalFolder;
        if (image.Wals.GetValueOrDefault(_first.Id) is { } known && known.Host == Environment.MachineName && known.Path != here && WalCopies.IsCopy(here, known.Path, known.WalId, _sources.Ids))
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"the WAL {known.WalId} is in two folders: in '{here}', with which this broker was started, and in '{known.Path}', where it was used last. One is a copy, and may lack what was acknowledged since. "
                + $"Nothing was changed. If a broker still runs with the one that was used last, that is all; else start with it (wal.disk.path={known.Path}). Or, if it was copied here on purpose when no broker ran, rename or delete that folder first");
        }
    }

    public void JoinCluster(string clusterId)
    {
        if (_membership.ClusterId is null)
        {
            InFolder(_options.Storage.WalFolder, () =>
            {
                new WalClusterNote(clusterId).Write(_folder);
                return clusterId;
            });
        }
    }

    public WalOwnership OwnershipIn(MetadataImage image) =>
        new(_first.Id, _options.NodeId, Environment.MachineName, _options.Storage.WalFolder, _options.Storage.AcceptedWalLoss);

    // Its folder was opened, or made, with this.
    public ValueTask CreateAsync(WalOwnership ownership, long nodeEpoch, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ReopeningWal Open(WalOwnership ownership, long nodeEpoch) => new ReopeningWal(_first, ReopenAsync, _sources.Clock);

    public ValueTask RetireAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>The folder is free then.</summary>
    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        _folder.Dispose();
    }

    // After a failed write or sync. The same folder may lead to another disk by then, or to none.
    private async ValueTask<IWriteAheadLog> ReopenAsync(CancellationToken cancellation)
    {
        DiskWal wal = await DiskWal.OpenAsync(WalOptions(_options, _sources, _folder), cancellation);
        if (wal.Id == _first.Id)
        {
            return wal;
        }

        await wal.DisposeAsync();
        throw new StorageException(
            StorageErrorKind.Unavailable,
            $"the WAL in '{_options.Storage.WalFolder}' has failed, and another one ({wal.Id}) is in its place now; {_first.Id} is missing: restart the node when it is back");
    }

    private static T InFolder<T>(string path, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new WalFolderException($"the WAL in '{path}' cannot be opened: {error.Message}", error);
        }
    }

    private static DiskWalOptions WalOptions(BrokerOptions options, StorageSources sources, KeptWalFolder folder) => new()
    {
        Folder = options.Storage.WalFolder,
        NodeId = options.NodeId,
        Random = sources.Random,
        Ids = sources.Ids,
        CapacityBytes = options.Storage.WalCapacityBytes,
        SegmentBytes = options.Storage.WalSegmentBytes,
        ReserveBytes = options.Storage.WalReserveBytes,
        MaxGroupBytes = options.Storage.WalBatchMaxBytes,
        FileSystem = folder,
        Turns = sources.WalTurns,
    };
}
