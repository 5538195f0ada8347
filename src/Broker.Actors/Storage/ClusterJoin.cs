using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>How a start of a node takes its place in the metadata: with its epoch, and the log that it brings.</summary>
internal interface IClusterJoin
{
    /// <summary>Registers the node.</summary>
    /// <exception cref="StorageException">As the store says; Invalid: the log that the node brings does not fit the metadata, and nothing was changed.</exception>
    Task<INodeMetadata> JoinAsync(INodeWal wal, CancellationToken cancellation);
}

/// <summary>Of a node that is alone: it takes the metadata log over itself.</summary>
internal sealed class TakeOverJoin(IObjectStore store, BrokerOptions options, StorageSources sources, ILogger log) : IClusterJoin
{
    /// <inheritdoc/>
    public async Task<INodeMetadata> JoinAsync(INodeWal wal, CancellationToken cancellation)
    {
        MetadataLogOptions metadataOptions = new() { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next(), SnapshotEveryCommits = options.Storage.MetadataSnapshotEveryCommits };

        // Read before it is fenced: a node that may not start must not stop one that serves.
        // And before a cluster is made where there is none.
        MetadataImage before = await MetadataLog.ReadAsync(store, metadataOptions, cancellation);
        wal.Check(before);
        wal.OwnershipIn(before).Check(before);
        MetadataLog metadata = await MetadataLog.OpenAsync(store, metadataOptions, cancellation);
        try
        {
            // And again: another node may have come in between.
            MetadataImage image = metadata.Image;
            wal.Check(image);
            WalOwnership ownership = wal.OwnershipIn(image);
            ownership.Check(image);
            wal.JoinCluster(image.ClusterId);
            NodeRegistered registered = new(options.NodeId, image.NodeEpochs.GetValueOrDefault(options.NodeId) + 1, options.Place);
            await wal.CreateAsync(ownership, registered.NodeEpoch, cancellation);

            // Who takes the metadata over alone is alone: clients must not be sent to who was there before.
            IEnumerable<NodeLeft> others = image.LiveNodes.Values.Where(node => node.NodeId != options.NodeId).Select(node => new NodeLeft(node.NodeId, node.Epoch));
            await metadata.CommitAsync([.. ownership.Plan(image), .. others, registered], cancellation);
            foreach (AttachedWal givenUp in ownership.GivenUp(image))
            {
                StorageLog.LossAccepted(log, WalOwnership.Describe(givenUp));
            }

            return new OwnedMetadata(metadata);
        }
        catch
        {
            metadata.Dispose();
            throw;
        }
    }
}

/// <summary>Of a node among others: it asks the coordinator.</summary>
/// <param name="options">The node's.</param>
/// <param name="place">Where it is met.</param>
/// <param name="view">What its <see cref="MetadataClientActor"/> publishes.</param>
/// <param name="client">The <see cref="MetadataClientActor"/>.</param>
/// <param name="log">For what operators should know.</param>
/// <param name="clock">The node's.</param>
internal sealed class FollowerJoin(BrokerOptions options, NodePlace place, MetadataView view, IActorRef client, ILogger log, TimeProvider clock) : IClusterJoin
{
    private readonly StartCommands _commands = new(client, CoordinatorTimeouts.Command, clock);

    /// <inheritdoc/>
    public async Task<INodeMetadata> JoinAsync(INodeWal wal, CancellationToken cancellation)
    {
        await AskAsync<MetadataIsRead>(ReadMetadata.Instance);
        MetadataImage image = view.Current;
        wal.Check(image);
        WalOwnership ownership = wal.OwnershipIn(image);
        ownership.CheckNode(image);
        wal.JoinCluster(image.ClusterId);
        await wal.CreateAsync(ownership, image.NodeEpochs.GetValueOrDefault(options.NodeId) + 1, cancellation);
        await AskAsync<NodeIsRegistered>(new RegisterNode(options.NodeId, place, ownership.Own, ownership.Host, ownership.Place, ownership.AcceptedLoss));
        foreach (AttachedWal givenUp in ownership.GivenUp(image))
        {
            StorageLog.LossAccepted(log, WalOwnership.Describe(givenUp));
        }

        return new FollowedMetadata(view, client);
    }

    private async Task<T> AskAsync<T>(object command) => await _commands.AskAsync(command) switch
    {
        T answer => answer,
        CommandFailed failed => throw new StorageException(failed.KindAmongOthers, failed.Reason),
        object other => throw new InvalidOperationException($"the coordinator answered {other}"),
    };
}
