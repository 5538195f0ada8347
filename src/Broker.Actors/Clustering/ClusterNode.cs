using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Cluster.Tools.Singleton;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>A node's membership in its cluster: its link to the coordinator, and how it leaves.</summary>
internal sealed class ClusterNode
{
    private const string SingletonName = "cluster-coordinator";

    // Nobody is asked. Actors that would not end by then are ended with what follows.
    private static readonly TimeSpan DownPatience = TimeSpan.FromSeconds(5);

    private readonly ActorSystem _system;
    private readonly NodeRegistry _registry;
    private readonly NodeEntry _entry;
    private readonly PartitionSharding _sharding;
    private readonly TimeProvider _clock;

    // With the reason for which the node is no longer in the cluster, or must not be.
    private readonly TaskCompletionSource<Exception> _ended;

    private ClusterNode(ActorSystem system, NodeRegistry registry, NodeEntry entry, PartitionSharding sharding, ClusterLink link, TimeProvider clock, TaskCompletionSource<Exception> ended)
    {
        (_system, _registry, _entry, _sharding, _clock, _ended, Link) = (system, registry, entry, sharding, clock, ended, link);
        Gone = GoneAsync(system.WhenTerminated, ended.Task);
    }

    public ClusterLink Link { get; }

    /// <summary>Completes, with the reason, when the node is no longer in the cluster, or another cluster has taken its metadata over: it can serve no longer.</summary>
    public Task<Exception> Gone { get; }

    /// <summary>Whether the part in the cluster of this node, whose actors these are, has ended: they end as well.</summary>
    public static bool IsTakenOut(ActorSystem system) => Cluster.Get(system).IsTerminated;

    /// <summary>Where other nodes reach this one.</summary>
    public string Address => _entry.Address;

    /// <summary>Joins the cluster whose registry is in the store, or begins it, and starts this node's part of what a cluster has one of.</summary>
    /// <exception cref="StorageException">As the store says; Unavailable: the cluster did not let it in, try again; Invalid: another node with this id runs.</exception>
    public static async Task<ClusterNode> JoinAsync(ActorSystem system, IObjectStore store, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, CancellationToken cancellation)
    {
        NodeRegistry registry = new(new PurposeObjectStore(store, StorePurpose.Metadata));
        ClusterStore.Get(system).Store = new ClusterStore.OpenStore(new PurposeObjectStore(store, StorePurpose.Metadata), sources);
        Cluster cluster = Cluster.Get(system);

        // Before anybody knows of this node: they bring the serializers of what members send each other.
        ClusterSharding.Get(system);
        ClusterSingletonManagerSettings.Create(system);
        NodeEntry entry = new(options.NodeId, sources.Ids.Next(), $"{cluster.SelfAddress.Host}:{cluster.SelfAddress.Port}", sources.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        system.ActorOf(Props.Create(() => new StartActor(entry, registry, sources.Clock)), StartActor.Name);
        ILogger log = loggers.CreateLogger("Broker.Cluster");
        IObjectStore metadata = new PurposeObjectStore(store, StorePurpose.Metadata);
        MetadataLogOptions logOptions = new() { Time = sources.Clock };
        await new MemberJoin(cluster, registry, ct => MetadataLog.ReadAsync(metadata, logOptions, ct), entry, sources.Clock, log).GetInAsync(cancellation);
        TaskCompletionSource<Exception> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        MetadataView view = new(MetadataImage.Empty);
        ClusterLoads loads = new();
        NextSeats seats = new();
        PartitionSharding sharding = new(system, options.NodeId, view, loads, seats, sources.Clock);
        Props firstPlace = Props.Create(() => new FirstPlaceActor(registry, entry, FirstClaim.DefendEvery, sources.Clock, log));
        ClusterLink link = StartLink(system, store, options, sources, loggers, view, loads, seats, sharding, firstPlace, cause => ended.TrySetResult(cause));
        return new ClusterNode(system, registry, entry, sharding, link, sources.Clock, ended);
    }

    /// <summary>From now on the others hear whether the store answers this node, and it leaves when the store does not and answers others.</summary>
    /// <param name="store">The cluster's, asked once and without waiting for turns.</param>
    /// <param name="availability">Whether it serves this node.</param>
    /// <param name="mayLeave">Whether the node's log is in the bucket: others can take nothing over that is on its disk.</param>
    /// <param name="sources">Time and randomness.</param>
    /// <param name="log">For word of it.</param>
    public void WatchStore(IObjectStore store, StoreAvailability availability, bool mayLeave, StorageSources sources, ILogger log)
    {
        Cluster cluster = Cluster.Get(_system);
        NodeRegistry direct = new(new PurposeObjectStore(store, StorePurpose.Metadata));
        StoreReachServices services = new(
            mayLeave,
            () => availability.Outage,
            () => availability.AnswersOfFailing,
            ct => direct.TryAsync(_entry, ct).AsTask(),
            () => [.. cluster.State.Members.Where(member => member.Status == MemberStatus.Up && member.UniqueAddress != cluster.SelfUniqueAddress).Except(cluster.State.Unreachable)
                .Select(member => _system.ActorSelection($"{member.Address}/user/{StoreReachActor.Name}"))],
            reason =>
            {
                _ended.TrySetResult(reason);
                cluster.Down(cluster.SelfAddress);
            },
            new Random(sources.Random.Next()),
            sources.Clock,
            log);
        _system.ActorOf(Props.Create(() => new StoreReachActor(services)), StoreReachActor.Name);
    }

    /// <summary>The node serves: from now on it is given partitions.</summary>
    /// <param name="broker">Its actors.</param>
    /// <param name="nodeEpoch">Of this start.</param>
    /// <param name="options">Its options.</param>
    /// <param name="clock">Its clock.</param>
    public void Serve(BrokerSystem broker, long nodeEpoch, BrokerOptions options, TimeProvider clock)
    {
        _sharding.Start(broker.Seating, broker.Resigning, patience => Link.Client.Ask(new NodeDrains(options.NodeId, nodeEpoch), patience));
        _system.ActorOf(Props.Create(() => new LoadActor(options.NodeId, broker.Partitions, Link.Coordinator, clock)), "load");
    }

    /// <summary>Has everything that this node leads led by others, while it serves.</summary>
    public Task DrainAsync(TimeSpan patience, ILogger log) => _sharding.DrainAsync(patience, log);

    /// <summary>Takes this node out of the cluster at once, and ends its actors: others have taken over what it led.</summary>
    public async Task DownAsync()
    {
        if (_system.WhenTerminated.IsCompleted)
        {
            return;
        }

        Cluster cluster = Cluster.Get(_system);
        cluster.Down(cluster.SelfAddress);
        await Task.WhenAny(_system.WhenTerminated, Task.Delay(DownPatience, _clock));
    }

    /// <summary>Leaves in good order: the others know at once that this node is not dead. Nothing may be served any more.</summary>
    /// <param name="patience">How long the store may take to let go of its registration.</param>
    public async Task LeaveAsync(TimeSpan patience)
    {
        using CancellationTokenSource late = new(patience, _clock);
        try
        {
            await _registry.LeaveAsync(_entry, late.Token);
        }
        catch (Exception cause) when (cause is StorageException or OperationCanceledException)
        {
            // It is found dead by whoever comes next.
        }

        await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
    }

    // Whoever is taken out of the cluster, since the others could not reach it, shuts its actors down.
    private static async Task<Exception> GoneAsync(Task terminated, Task<Exception> ended) => await Task.WhenAny(terminated, ended) == ended
        ? await ended
        : new StorageException(StorageErrorKind.Fenced, "the others of the cluster could not reach this node, and have taken over what it led");

    private static HashSet<NodeId>? PresentIn(Cluster cluster) => cluster.IsTerminated ? null : [.. cluster.State.Members.Select(NodeRoles.NodeOf).OfType<NodeId>()];

    private static ClusterLink StartLink(
        ActorSystem system, IObjectStore store, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, MetadataView view, ClusterLoads loads, NextSeats seats, PartitionSharding sharding, Props firstPlace, Action<Exception> onFenced)
    {
        IActorRef proxy = system.ActorOf(
            ClusterSingletonProxy.Props($"/user/{SingletonName}", ClusterSingletonProxySettings.Create(system).WithSingletonIdentificationInterval(TimeSpan.FromMilliseconds(200))), "coordinator-proxy");
        IActorRef client = ClusterLink.StartClient(system, proxy, view, store, sources.Clock, loggers);
        CoordinatorServices coordinator = new(options.NodeId, sources.Clock, sources.Ids.Next, loggers.CreateLogger("Broker.Coordinator"), onFenced) { Seats = seats };
        MetadataLogOptions logOptions = new() { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next(), SnapshotEveryCommits = options.Storage.MetadataSnapshotEveryCommits };
        IObjectStore metadata = new PurposeObjectStore(store, StorePurpose.Metadata);

        // What the node has seen committed must be in the log.
        CoordinatorHostServices host = new(() => MetadataLog.OpenAsync(metadata, logOptions with { KnownSlots = view.Current.Version + 1 }, CancellationToken.None).AsTask(), coordinator, loggers.CreateLogger("Broker.Coordinator"));
        FailoverServices failover = new(
            view,
            client,
            (wal, epoch, ct) => OtherWals.FenceAsync(store, wal, epoch, sources, ct).AsTask(),
            streams =>
            {
                foreach (StreamId stream in streams)
                {
                    sharding.Seat(stream);
                }
            },
            loggers.CreateLogger("Broker.Failover"));
        Action<IActorRefFactory> startOthers = factory =>
        {
            factory.ActorOf(firstPlace, "first-place");
            Caretakers.Start(factory, store, options, sources.Clock, loggers, view, client);
        };
        Props singleton = Props.Create(() => new CoordinatorSingleton(host, failover, loads, startOthers));
        system.ActorOf(ClusterSingletonManager.Props(singleton, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(system)), SingletonName);
        LogsAhead ahead = new();
        LogsAheadServices aheadServices = new(view, ahead, (wal, slots, ct) => OtherWals.ReadAheadAsync(store, wal, slots, ct), loggers.CreateLogger("Broker.Failover"));
        system.ActorOf(Props.Create(() => new LogsAheadActor(aheadServices)), "logs-ahead");
        return new ClusterLink(view, client) { Ahead = ahead, Coordinator = proxy, OnLed = sharding.Seat, Present = () => PresentIn(Cluster.Get(system)) };
    }
}
