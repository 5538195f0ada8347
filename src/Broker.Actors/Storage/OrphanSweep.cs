using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>
/// One search for what nobody knows any more in the store, and its removal.
///
/// O1. An object is deleted as unknown only after its id was closed: no commit can bring it into use any more.
/// O2. It is unknown by metadata that are newer than the listing that showed it.
/// O3. An upload in parts is aborted only after the id of its object was closed.
/// O4. The records of a write-ahead log are removed only when metadata that were committed after they were listed do not know the log: a log is attached before it has records, and
///     once released it is never attached again.
/// </summary>
internal sealed class OrphanSweep(OrphanServices services)
{
    private readonly IObjectStore _store = services.Store;

    /// <summary>Removes what there is of ids below the boundary; false when it could not be found out, and must be tried again.</summary>
    public async Task<bool> RunAsync(ObjectId boundary)
    {
        try
        {
            IReadOnlyDictionary<WalId, StoredSlots> logs = await WalRemains.ListAsync(_store, CancellationToken.None);
            object closed = await services.Coordinator.Ask(new CloseObjectIds(boundary), CoordinatorTimeouts.Command);
            if (closed is CommandFailed failed)
            {
                throw new StorageException(failed.Kind, failed.Reason);
            }

            bool isWhole = await DeleteObjectsAsync();
            isWhole &= await TriedAsync("unfinished uploads in parts", AbortUploadsAsync);

            // Where others had closed more there was nothing to commit, and so nothing that shows this node's metadata to be the newest.
            if (closed is ObjectIdsAreClosed { Image: var image } && image.ClosedObjectIds == boundary)
            {
                foreach (WalId log in logs.Keys.Where(log => !image.Wals.ContainsKey(log)))
                {
                    isWhole &= await TriedAsync($"the write-ahead log {log}", async () =>
                    {
                        await WalRemains.RemoveAsync(_store, log, CancellationToken.None);
                        OrphanLog.WalEmptied(services.Log, log);
                    });
                }
            }

            return isWhole;
        }
        catch (Exception cause) when (cause is StorageException or AskTimeoutException)
        {
            OrphanLog.Failed(services.Log, cause.Message);
            return false;
        }
    }

    private async Task<bool> DeleteObjectsAsync()
    {
        List<ObjectKey> listed = [];
        await foreach (ObjectInfo item in _store.ListAsync(DataKeys.Prefix, null, CancellationToken.None))
        {
            listed.Add(item.Key);
        }

        IReadOnlyList<ObjectKey> orphans = Orphans.Among(listed, services.Metadata.Current);
        int deleted = 0;
        foreach (ObjectKey orphan in orphans)
        {
            deleted += await TriedAsync($"'{orphan}'", () => _store.DeleteAsync(orphan, CancellationToken.None).AsTask()) ? 1 : 0;
        }

        if (deleted > 0)
        {
            OrphanLog.Removed(services.Log, deleted, orphans[0].Value);
        }

        return deleted == orphans.Count;
    }

    private async Task AbortUploadsAsync()
    {
        MetadataImage image = services.Metadata.Current;
        int aborted = await _store.AbortUploadsAsync(DataKeys.Prefix, key => Orphans.IsAbandoned(key, image), CancellationToken.None);
        if (aborted > 0)
        {
            OrphanLog.Aborted(services.Log, aborted);
        }
    }

    // One thing that cannot be removed, or not even looked for without a permission of its own, keeps no other.
    private async Task<bool> TriedAsync(string what, Func<Task> removal)
    {
        try
        {
            await removal();
            return true;
        }
        catch (StorageException cause)
        {
            OrphanLog.NotRemoved(services.Log, what, cause.Message);
            return false;
        }
    }
}
