using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Storage;

/// <summary>Makes objects that take the place of others: an id, the object, the commit.</summary>
internal sealed class ObjectReplacement(IActorRef coordinator, IObjectStore store, ObjectCompactor compactor, TimeProvider clock)
{
    /// <summary>Makes one object and commits it.</summary>
    /// <param name="output">What of.</param>
    /// <param name="rewriter">What stays of the records; null: everything.</param>
    /// <param name="cleaned">How far the stream is clean once this is committed; null when that does not change.</param>
    /// <returns>The object with the ranges that it replaced: fewer than were planned where streams changed meanwhile. Null: it replaced nothing.</returns>
    /// <exception cref="StorageException">It came to nothing, or that is not known.</exception>
    /// <exception cref="AskTimeoutException">The coordinator did not answer: as above.</exception>
    public async Task<ObjectState?> MakeAsync(CompactionOutput output, IBlockRewriter? rewriter, StreamCleaned? cleaned, CancellationToken ct)
    {
        ObjectId id = await coordinator.Ask(GiveObjectId.Instance, CoordinatorTimeouts.Command, ct) is ObjectIdGiven given
            ? given.ObjectId
            : throw new StorageException(StorageErrorKind.Unavailable, "the coordinator gave no object id");
        ObjectCompacted compacted = await compactor.WriteAsync(output, id, DataKeys.For(id), clock.GetUtcNow().ToUnixTimeMilliseconds(), rewriter, ct);
        MetadataImage image = await coordinator.Ask(new CommitCompaction(compacted, cleaned), CoordinatorTimeouts.Command, ct) switch
        {
            CommandFailed failed => throw new StorageException(failed.Kind, failed.Reason),
            CompactionCommitted committed => committed.Image,
            object other => throw new InvalidOperationException($"the coordinator answered a compaction with {other.GetType().Name}"),
        };
        if (!image.Objects.ContainsKey(id) && !image.DeletableObjects.ContainsKey(id))
        {
            // Its id was closed: it came too late, also for the search for orphans that closed it.
            await store.DeleteAsync(compacted.Object.Key, ct);
        }

        return image.Objects.GetValueOrDefault(id);
    }
}
