using Akka.Actor;
using Akka.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>
/// The lease by which two halves of a cluster agree which of them goes on (<c>cluster.downing=lease</c>). It is not renewed: it is held for as long as the other half takes to see that it is
/// too late, and given back.
/// </summary>
/// <param name="settings">Its name, its owner, how long it is held.</param>
/// <param name="system">The node's.</param>
public sealed class BucketLease(LeaseSettings settings, ExtendedActorSystem system) : Lease(settings)
{
    private StoreLease? _lease;

    public override Task<bool> Acquire() => Acquire(_ => { });

    public override Task<bool> Acquire(Action<Exception> leaseLostCallback) => AskAsync((lease, patience) => lease.AcquireAsync(patience));

    public override Task<bool> Release() => AskAsync((lease, patience) => lease.ReleaseAsync(patience));

    public override bool CheckLease() => _lease?.IsHeld ?? false;

    private async Task<bool> AskAsync(Func<StoreLease, CancellationToken, ValueTask<bool>> ask)
    {
        try
        {
            using CancellationTokenSource patience = new(Settings.TimeoutSettings.OperationTimeout);
            return await ask(InBucket(), patience.Token).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is StorageException or OperationCanceledException)
        {
            throw new LeaseException($"the lease '{Settings.LeaseName}' in the object store: {cause.Message}", cause);
        }
    }

    // The actors of a cluster are there before the node's storage.
    private StoreLease InBucket() => _lease ??= ClusterStore.Get(system).Store is { } bucket
        ? new StoreLease(bucket.Store, Settings.LeaseName, Settings.OwnerName, Settings.TimeoutSettings.HeartbeatTimeout, bucket.Sources.Clock, bucket.Sources.Ids)
        : throw new LeaseException("the object store is not open yet");
}
