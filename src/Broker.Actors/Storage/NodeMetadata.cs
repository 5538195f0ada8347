using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Storage;

/// <summary>A node's place in the metadata, taken by its start: its epoch, and that it writes its log.</summary>
internal interface INodeMetadata : IDisposable
{
    /// <summary>The metadata, with the registration of this start in them, or newer.</summary>
    MetadataImage Image { get; }

    /// <summary>What of the metadata is lost, so that nothing can be acknowledged until somebody restores it; null: nothing that this node knows of.</summary>
    StorageException? Loss { get; }

    /// <summary>Says that the node ends, and that its log is left empty.</summary>
    /// <exception cref="StorageException">Nobody knows whether that was noted.</exception>
    Task ReleaseAsync(NodeId node, long nodeEpoch, WalId wal);
}

/// <summary>Of a node that has the metadata log itself.</summary>
internal sealed class OwnedMetadata(MetadataLog log) : INodeMetadata
{
    public MetadataLog Log => log;

    public MetadataImage Image => log.Image;

    public StorageException? Loss => log.Loss;

    public async Task ReleaseAsync(NodeId node, long nodeEpoch, WalId wal) =>
        await log.CommitAsync([new WalReleased(wal, WalReleaseReason.Emptied), new NodeLeft(node, nodeEpoch)], CancellationToken.None);

    public void Dispose() => log.Dispose();
}

/// <summary>Of a node that follows a coordinator.</summary>
/// <param name="view">What the node knows of them.</param>
/// <param name="client">Its <see cref="MetadataClientActor"/>.</param>
internal sealed class FollowedMetadata(MetadataView view, IActorRef client) : INodeMetadata
{
    public MetadataImage Image => view.Current;

    public StorageException? Loss => view.Loss;

    public async Task ReleaseAsync(NodeId node, long nodeEpoch, WalId wal)
    {
        object answer;
        try
        {
            answer = await client.Ask(new ReleaseNode(node, nodeEpoch, wal), CoordinatorTimeouts.Command);
        }
        catch (SchedulerException ended)
        {
            throw new StorageException(StorageErrorKind.Unavailable, "this node is out of the cluster, and its actors have ended", ended);
        }
        catch (AskTimeoutException silent)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"the coordinator gave no answer: {silent.Message}", silent);
        }

        if (answer is CommandFailed failed)
        {
            throw new StorageException(failed.Kind, failed.Reason);
        }
    }

    public void Dispose()
    {
        // The coordinator has the log.
    }
}
