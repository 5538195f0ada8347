using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Metrics;
using Broker.Actors.Partitions;
using Broker.Actors.Requests;
using Broker.Actors.Security;
using Broker.Actors.Storage;
using Broker.Actors.Undelivered;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging;

namespace Broker.Actors;

/// <summary>The actors of one node, wired together on an open storage engine. Made and stopped once.</summary>
public sealed class BrokerSystem
{
    private readonly ActorSystem _system;
    private readonly StorageEngine _storage;
    private readonly IActorRef _wal;
    private readonly IActorRef _uploads;

    private BrokerSystem(ActorSystem system, StorageEngine storage, IActorRef wal, IActorRef uploads, HandlerTable handlers, ConnectionResources connections)
    {
        (_system, _storage, _wal, _uploads) = (system, storage, wal, uploads);
        (Handlers, Connections) = (handlers, connections);
    }

    public HandlerTable Handlers { get; }

    /// <summary>What the records of fetches in progress hold.</summary>
    public required ResponseMemory Responses { get; init; }

    public ConnectionResources Connections { get; }

    /// <summary>Whether a stop ends the actor system as well; else whoever made it does, once the storage is closed.</summary>
    internal bool EndsActors { get; private init; } = true;

    /// <summary>Opens what the node is given to lead while it runs.</summary>
    internal IActorRef Seating { get; private init; } = ActorRefs.Nobody;

    /// <summary>Gives up what others are to lead.</summary>
    internal IActorRef Resigning { get; private init; } = ActorRefs.Nobody;

    /// <summary>The newest metadata that this node knows.</summary>
    public required MetadataView Metadata { get; init; }

    // As the cluster says it; null: the node is alone, or out of its cluster.
    private Func<IReadOnlySet<NodeId>?> Present { get; init; } = () => null;

    /// <summary>How many partitions of the cluster nobody leads who is there. That a node is gone the cluster knows before the metadata do, which the store may not take.</summary>
    public int OfflinePartitions => PartitionBalance.Orphans(Metadata.Current, Present()).Count();

    /// <summary>The partitions that are open here.</summary>
    public required PartitionDirectory Partitions { get; init; }

    /// <summary>The groups that are coordinated here.</summary>
    internal GroupDirectory Groups { get; private init; } = new();

    /// <summary>Completes, with the reason, when another node has taken over the metadata or the WAL: this one can acknowledge nothing more and should end.</summary>
    public required Task<Exception> Fenced { get; init; }

    /// <summary>Starts the actors, opens this node's partitions under new leader epochs, and returns when they serve.</summary>
    /// <param name="metrics">Where they count what they do; null: for nobody.</param>
    public static Task<BrokerSystem> StartAsync(ActorSystem system, StorageEngine storage, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, BrokerMetrics? metrics = null) =>
        StartAsync(system, storage, options, sources, loggers, metrics, link: null);

    /// <inheritdoc cref="StartAsync(ActorSystem, StorageEngine, BrokerOptions, StorageSources, ILoggerFactory, BrokerMetrics?)"/>
    /// <param name="system">The actor system.</param>
    /// <param name="storage">The node's storage.</param>
    /// <param name="options">The node's.</param>
    /// <param name="sources">Time, ids, randomness.</param>
    /// <param name="loggers">For the node's log.</param>
    /// <param name="metrics">Where they count what they do; null: for nobody.</param>
    /// <param name="link">To the coordinator of a cluster; null: this node is alone, and coordinates itself.</param>
    internal static async Task<BrokerSystem> StartAsync(ActorSystem system, StorageEngine storage, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, BrokerMetrics? metrics, ClusterLink? link)
    {
        metrics ??= new BrokerMetrics();
        TaskCompletionSource<Exception> fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        MetadataView view = link?.View ?? new MetadataView(storage.Metadata.Image);
        PartitionDirectory partitions = new();
        GroupDirectory groups = new();
        IWriteAheadLog log = new MeteredWal(storage.WriteAheadLog, metrics.Wal, sources.Clock);
        IActorRef wal = system.ActorOf(
            WalWriterActor.Props(log, storage.Cache, options.Storage, loggers.CreateLogger("Broker.Wal"), cause => fenced.TrySetResult(cause), sources.Clock), "wal");
        ILogger partitionLog = loggers.CreateLogger("Broker.Partitions");
        IActorRef coordinator = link?.Client ?? StartCoordinator(system, storage, options, sources, loggers, view, cause => fenced.TrySetResult(cause));
        PartitionManagerServices managerServices = new(
            options.NodeId,
            storage.NodeEpoch,
            storage.Wal,
            options.Settings,
            view,
            partitions,
            groups,
            new PartitionServices(storage.Cache, new HistoryReader(view, storage.Objects, storage.ReadAhead), wal, options.Topics, sources.Clock, partitionLog) { WalBound = options.Storage.WalAppendBound, Traffic = metrics.Traffic, Metadata = coordinator },
            new GroupServices(options.Groups, storage.Buffers, sources.Clock, sources.Ids.Next, loggers.CreateLogger("Broker.Groups")),
            cause => fenced.TrySetResult(cause))
        {
            OnLed = link?.OnLed ?? (_ => { }),
        };
        IActorRef manager = system.ActorOf(Props.Create(() => new PartitionManagerActor(managerServices)), "partitions");
        coordinator.Tell(new ManageWith(manager));
        await OpenPartitionsAsync(storage, options.NodeId, view, coordinator, manager, partitionLog, link, sources.Clock);

        // Only now: an upload belongs to the epochs that were just opened, and takes its producers' state from open partitions.
        if (link is null)
        {
            Caretakers.Start(system, storage.Store, options, sources.Clock, loggers, view, coordinator);
        }

        IActorRef uploads = StartUploads(system, storage, options, sources, loggers, view, partitions, coordinator, wal, metrics.Uploads);

        SeatingServices seatingServices = new(
            options.NodeId, storage.NodeEpoch, storage.Wal, view, coordinator, manager, storage.Store, sources, storage.Cache, storage.Buffers, uploads, link?.Ahead ?? new LogsAhead(), partitionLog);
        IActorRef seating = system.ActorOf(Props.Create(() => new SeatingActor(seatingServices)), "seating");
        ResigningServices resigningServices = new(options.NodeId, view, partitions, coordinator, uploads, seating, sources.Clock, partitionLog);
        IActorRef resigning = system.ActorOf(Props.Create(() => new ResigningActor(resigningServices)), "resigning");

        ResponseMemory responses = new(options.Connections.ResponseMemoryBytes);
        BrokerServices services = new(options, view, coordinator, partitions, groups, storage.Buffers, responses, new AllowAllAuthorizer(), sources.Clock) { Traffic = metrics.Traffic };
        MemoryBudget memory = new(options.Connections.MemoryBytes);
        system.ActorOf(Props.Create(() => new UndeliveredActor(memory)), "undelivered");
        ConnectionResources connections = new(
            new ConnectionLimiter(options.Connections),
            memory,
            storage.Buffers,
            system.ActorOf(Props.Create(() => new ConnectionsActor()), "connections"),
            loggers)
        {
            Requests = metrics.Requests,
        };
        return new BrokerSystem(system, storage, wal, uploads, Requests.Handlers.CreateTable(services, system.Scheduler), connections)
        {
            Fenced = fenced.Task,
            Responses = responses,
            Seating = seating,
            Resigning = resigning,
            EndsActors = link is null,
            Present = link?.Present ?? (() => null),
            Metadata = view,
            Partitions = partitions,
            Groups = groups,
        };
    }

    private static IActorRef StartUploads(ActorSystem system, StorageEngine storage, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, MetadataView view, PartitionDirectory partitions, IActorRef coordinator, IActorRef wal, UploadMetrics metrics)
    {
        LogCache cache = storage.Cache;
        IWriteAheadLog log = storage.WriteAheadLog;
        UploadHaste haste = new();
        BytePace pace = new(() => haste.IsWanted ? double.PositiveInfinity : UploadPace.BytesPerSecond(cache.UnuploadedBytes, cache.CapacityBytes, log.UsedBytes, log.CapacityBytes), sources.Clock);
        UploadServices uploadServices = new(
            options.NodeId, cache, log, new PacedObjectStore(new PurposeObjectStore(storage.Store, StorePurpose.Upload), pace), view, partitions, coordinator, wal, options.Storage, sources.Clock, loggers.CreateLogger("Broker.Uploads"))
        {
            Metrics = metrics,
            Haste = haste,
        };
        return system.ActorOf(Props.Create(() => new UploadActor(uploadServices)), "uploads");
    }

    private static IActorRef StartCoordinator(ActorSystem system, StorageEngine storage, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, MetadataView view, Action<Exception> onFenced)
    {
        MetadataLog log = ((OwnedMetadata)storage.Metadata).Log;
        CoordinatorServices services = new(options.NodeId, sources.Clock, sources.Ids.Next, loggers.CreateLogger("Broker.Coordinator"), onFenced);
        IActorRef coordinator = system.ActorOf(Props.Create(() => new CoordinatorActor(log, services)), "coordinator");
        return ClusterLink.StartClient(system, coordinator, view, storage.Store, sources.Clock, loggers);
    }

    // Among others, those whose records this node has read from its own log: nobody else has them.
    private static async Task OpenPartitionsAsync(StorageEngine storage, NodeId node, MetadataView view, IActorRef coordinator, IActorRef manager, ILogger log, ClusterLink? link, TimeProvider clock)
    {
        MetadataImage image = view.Current;
        StreamOpening[] streams =
        [
            .. image.Streams.Values.Where(stream => link is null || WalDebts.Before(image, stream, WalId.None).Contains(storage.Wal))
                .Select(stream => new StreamOpening(stream.StreamId, storage.Recovered.UploadedEnds.GetValueOrDefault(stream.StreamId, stream.EndOffset), NextOffset(storage, stream))),
        ];
        OpenStreams command = new(node, storage.NodeEpoch, storage.Wal, storage.Recovered.OtherLogs, streams);

        // A node's own coordinator answers before long or ends.
        object opened = link is null ? await coordinator.Ask(command) : await new StartCommands(coordinator, link.StartPatience, clock).AskAsync(command);
        if (opened is CommandFailed failed)
        {
            throw new StorageException(link is null ? failed.Kind : failed.KindAmongOthers, $"the partitions could not be opened: {failed.Reason}");
        }

        if (opened is StreamsOpened { Refused: [var refusal, ..] refused })
        {
            // Somebody came in between: a start looks at everything anew.
            throw new StorageException(StorageErrorKind.Unavailable, $"{refused.Count} partitions could not be opened, {refusal.Stream} because of {refusal.Reason}");
        }

        AllOpen all = await manager.Ask<AllOpen>(AwaitAllOpen.Instance);
        if (all.Failed.Count > 0)
        {
            // Each was logged with its name; the others serve.
            BrokerSystemLog.PartitionsClosed(log, all.Failed.Count);
        }
    }

    private static Offset NextOffset(StorageEngine storage, StreamState stream) => storage.Cache.CachedEnd(stream.StreamId) ?? stream.EndOffset;

    /// <summary>
    /// Stops without losing anything: waits for writes on their way, uploads what the store will take in
    /// <paramref name="patience"/> (the rest stays in the write-ahead log), stops the actors.
    /// </summary>
    public async Task StopAsync(TimeSpan patience, ILogger log)
    {
        // A cluster that goes on without this node ends its actors, who answer nobody any more, and has taken over what its log holds.
        Task<bool> flushing = FlushAsync(patience);
        Task first = await Task.WhenAny(flushing, _system.WhenTerminated);
        if (first != flushing || !await flushing)
        {
            BrokerSystemLog.NotFlushed(log, _storage.Cache.UnuploadedBytes);
        }

        // Among others, closing the storage is told to the coordinator: the actors end after that.
        if (EndsActors)
        {
            await _system.Terminate();
        }
    }

    private async Task<bool> FlushAsync(TimeSpan patience)
    {
        try
        {
            await _wal.Ask<WalDrained>(DrainWal.Instance, patience / 2);
            await _uploads.Ask<UploadsFlushed>(FlushUploads.Instance, patience / 2);
            return true;
        }
        catch (Exception impossible) when (impossible is AskTimeoutException or SchedulerException)
        {
            return false;
        }
    }
}

internal static partial class BrokerSystemLog
{
    [LoggerMessage(EventId = 6002, EventName = "PartitionsClosed", Level = LogLevel.Error, Message = "{Count} partitions are not open yet; they go on trying, and clients are told to come back")]
    public static partial void PartitionsClosed(ILogger log, int count);

    [LoggerMessage(EventId = 6001, EventName = "ShutdownNotFlushed", Level = LogLevel.Warning, Message = "{Bytes} bytes were not uploaded in time; they are in the write-ahead log and come back at the next start")]
    public static partial void NotFlushed(ILogger log, long bytes);
}
