using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using Broker.Actors;
using Broker.Actors.Clustering;
using Broker.Actors.Configuration;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>What of a node rests on its stores, open: all but the listeners. Whoever has it closes each part, in the reverse of this order.</summary>
internal sealed record OpenedNode(ObjectStores Objects, StorageEngine Storage, ActorSystem Actors, BrokerSystem System)
{
    // Of a log in the bucket a PUT may be on its way, which is given up after this.
    private static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(30);

    /// <summary>Null: the node is alone.</summary>
    public ClusterNode? Cluster { get; private init; }

    /// <summary>Opens all of it, or nothing: a failure closes what was open, and it can be tried again from the beginning.</summary>
    /// <exception cref="StorageException">The store or the write-ahead log cannot be opened.</exception>
    /// <exception cref="IOException">The data folder cannot be made, or the cluster's address not be listened on.</exception>
    /// <exception cref="OperationCanceledException">Through <paramref name="cancellation"/>: at once, whatever the store does. Nothing was acknowledged yet.</exception>
    public static async Task<OpenedNode> OpenAsync(BrokerOptions options, Config hocon, ILoggerFactory loggers, StorageSources sources, StoreMetrics requests, StoreAvailability availability, BrokerMetrics metrics, CancellationToken cancellation)
    {
        if (options.ObjectStore.Bucket is null || options.Storage.WalKind == WalKind.Disk)
        {
            MakeDataFolder(options.DataFolder);
        }

        // A start whose node the others take out of the cluster waits for answers that nobody gives any more.
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ObjectStores objects = ObjectStores.Open(options.ObjectStore, sources, requests, availability: availability);
        Task<StorageEngine>? opening = null;
        ActorSystem? actors = null;
        ClusterNode? cluster = null;
        try
        {
            await objects.ProbeAsync(cancellation);
            ILogger log = loggers.CreateLogger("Broker.Node");
            if (options.Cluster is { } place)
            {
                actors = CreateActors(options, place, hocon, loggers, sources.Clock);
                CancelAtEnd(actors, end);
                cluster = await ClusterNode.JoinAsync(actors, objects.Store, options, sources, loggers, end.Token);
                cluster.WatchStore(objects.Direct, availability, mayLeave: options.Storage.WalKind == WalKind.Bucket, sources, log);
                FollowerJoin join = new(options, options.Place with { ClusterAddress = cluster.Address }, cluster.Link.View, cluster.Link.Client, log, sources.Clock);
                opening = StorageEngine.OpenAsync(objects.Store, options, sources, join, log, cancellation);
            }
            else
            {
                opening = StorageEngine.OpenAsync(objects.Store, options, sources, log, cancellation);
            }

            // A PUT that was sent is seen to its end, which may take long: who wants to stop does not wait for it.
            StorageEngine storage = await opening.WaitAsync(end.Token);
            actors ??= ActorSystemLogs.CreateSystem("broker", hocon, loggers, sources.Clock);
            BrokerSystem system = await BrokerSystem.StartAsync(actors, storage, options, sources, loggers, metrics, cluster?.Link).WaitAsync(end.Token);
            cluster?.Serve(system, storage.NodeEpoch, options, sources.Clock);
            return new OpenedNode(objects, storage, actors, system) { Cluster = cluster };
        }
        catch (Exception cause)
        {
            // Looked at before the actors are ended here. Whatever a start needs of them may fail then, and comes back with the next one.
            bool isTakenOut = options.Cluster is not null && actors is not null && ClusterNode.IsTakenOut(actors);
            await (actors?.Terminate() ?? Task.CompletedTask);
            if (isTakenOut && opening is not null)
            {
                // What it asked for has failed with the actors; until it ends it has the log, and a next start cannot.
                await Task.WhenAny(opening, Task.Delay(LogPatience, sources.Clock, cancellation));
            }

            if (opening is { IsCompletedSuccessfully: true })
            {
                await (await opening).DisposeAsync();
            }

            objects.Dispose();
            if (isTakenOut && cause is not StorageException && !cancellation.IsCancellationRequested)
            {
                throw new StorageException(StorageErrorKind.Unavailable, "the others of the cluster could not reach this node while it started, and have taken it out", cause);
            }

            throw;
        }
    }

    private static void CancelAtEnd(ActorSystem actors, CancellationTokenSource start)
    {
        _ = EndAsync();

        async Task EndAsync()
        {
            await actors.WhenTerminated;
            try
            {
                await start.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The start has ended before.
            }
        }
    }

    private static ActorSystem CreateActors(BrokerOptions options, ClusterOptions place, Config hocon, ILoggerFactory loggers, TimeProvider clock)
    {
        try
        {
            return ActorSystemLogs.CreateSystem("broker", ClusterHocon.For(options, place, hocon), loggers, clock);
        }
        catch (RemoteTransportException cause)
        {
            throw new IOException($"cannot listen on {place.Host}:{place.Port} (cluster.address): {(cause.InnerException ?? cause).Message}", cause);
        }
    }

    private static void MakeDataFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot make the data folder '{folder}' (log.dirs): {cause.Message}", cause);
        }
    }
}
