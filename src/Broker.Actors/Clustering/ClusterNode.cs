using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>A node's membership in its cluster: how it gets in, its link to the coordinator, and how it leaves.</summary>
internal sealed class ClusterNode
{
    private const string SingletonName = "cluster-coordinator";

    // Whoever is there answers a request to join within a round trip; the others' joining may come first, some gossip each.
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(5);

    // On a network of a cluster; beyond, the address is taken for dead.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    private readonly ActorSystem _system;
    private readonly NodeRegistry _registry;
    private readonly NodeEntry _entry;
    private readonly PartitionSharding _sharding;

    private ClusterNode(ActorSystem system, NodeRegistry registry, NodeEntry entry, PartitionSharding sharding, ClusterLink link, Task<Exception> fenced)
    {
        (_system, _registry, _entry, _sharding, Link) = (system, registry, entry, sharding, link);
        Gone = GoneAsync(system.WhenTerminated, fenced);
    }

    public ClusterLink Link { get; }

    /// <summary>Completes, with the reason, when the node is no longer in the cluster, or another cluster has taken its metadata over: it can serve no longer.</summary>
    public Task<Exception> Gone { get; }

    /// <summary>Where other nodes reach this one.</summary>
    public string Address => _entry.Address;

    /// <summary>Joins the cluster whose registry is in the store, or begins it, and starts this node's part of what a cluster has one of.</summary>
    /// <exception cref="StorageException">As the store says; Unavailable: the cluster did not let it in, try again; Invalid: another node with this id runs.</exception>
    public static async Task<ClusterNode> JoinAsync(ActorSystem system, IObjectStore store, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, CancellationToken cancellation)
    {
        ILogger log = loggers.CreateLogger("Broker.Cluster");
        NodeRegistry registry = new(new PurposeObjectStore(store, StorePurpose.Metadata));
        ClusterStore.Get(system).Store = new ClusterStore.OpenStore(new PurposeObjectStore(store, StorePurpose.Metadata), sources);
        Cluster cluster = Cluster.Get(system);
        NodeEntry entry = new(options.NodeId, sources.Ids.Next(), $"{cluster.SelfAddress.Host}:{cluster.SelfAddress.Port}", sources.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        await GetInAsync(cluster, registry, entry, log, cancellation);
        TaskCompletionSource<Exception> fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        MetadataView view = new(MetadataImage.Empty);
        ClusterLoads loads = new();
        PartitionSharding sharding = new(system, view, loads);
        ClusterLink link = StartLink(system, store, options, sources, loggers, view, loads, sharding, cause => fenced.TrySetResult(cause));
        return new ClusterNode(system, registry, entry, sharding, link, fenced.Task);
    }

    /// <summary>The node serves: from now on it is given partitions.</summary>
    public void Serve(BrokerSystem broker, BrokerOptions options, TimeProvider clock)
    {
        _sharding.Start(broker.Seating, broker.Resigning);
        _system.ActorOf(Props.Create(() => new LoadActor(options.NodeId, broker.Partitions, Link.Coordinator, clock)), "load");
    }

    /// <summary>Has everything that this node leads led by others, while it serves.</summary>
    public Task DrainAsync(TimeSpan patience, ILogger log) => _sharding.DrainAsync(patience, log);

    /// <summary>Leaves in good order: the others know at once that this node is not dead. Nothing may be served any more.</summary>
    public async Task LeaveAsync()
    {
        try
        {
            await _registry.LeaveAsync(_entry, CancellationToken.None);
        }
        catch (StorageException)
        {
            // It is found dead by whoever comes next.
        }

        await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
    }

    // Whoever is taken out of the cluster, since the others could not reach it, shuts its actors down.
    private static async Task<Exception> GoneAsync(Task terminated, Task<Exception> fenced) => await Task.WhenAny(terminated, fenced) == fenced
        ? await fenced
        : new StorageException(StorageErrorKind.Fenced, "the others of the cluster could not reach this node, and have taken over what it led");

    private static async Task GetInAsync(Cluster cluster, NodeRegistry registry, NodeEntry entry, ILogger log, CancellationToken cancellation)
    {
        (NodeEntry Entry, string ETag)? mine = await registry.FindAsync(entry.Node, cancellation);
        if (mine is var (before, _) && await RunsAsync(registry, before, entry, cancellation))
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"node {entry.Node} of this cluster runs already, at {before.Address}: each needs a node.id of its own. If something else answers there, stop it, or delete the entry of the node under cluster/nodes/ in the object store");
        }

        if (!await registry.RegisterAsync(entry, mine?.ETag, cancellation))
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"another start of node {entry.Node} registers at the same time: of two nodes with one node.id one has to go");
        }

        if (cluster.Settings.SeedNodes is { Count: > 0 } seeds)
        {
            ClusterNodeLog.Joining(log, string.Join(", ", seeds));
            if (!await JoinAsync(cluster, seeds, cancellation))
            {
                throw LetInByNone(seeds);
            }

            RequireAlone(cluster, entry);
            return;
        }

        (NodeEntry Entry, string ETag)? first = await registry.FindFirstAsync(cancellation);
        List<Address> others = [];
        foreach (NodeEntry other in (await registry.ListAsync(cancellation)).Where(other => other.Node != entry.Node))
        {
            if (await AnswersAsync(other.Address, cancellation))
            {
                others.Add(AddressOf(cluster, other));
            }
        }

        if (others.Count > 0)
        {
            ClusterNodeLog.Joining(log, string.Join(", ", others));
            if (await JoinAsync(cluster, others, cancellation))
            {
                RequireAlone(cluster, entry);
                return;
            }

            // Those who answer may all be starts that wait as this one does. While the first is there, it is waited for.
            if (first is var (running, _) && await IsThereAsync(registry, running, cancellation))
            {
                throw LetInByNone(others);
            }
        }

        // One of those that find it gone takes its place.
        if (!await registry.TakeFirstAsync(entry, first?.ETag, cancellation))
        {
            throw new StorageException(StorageErrorKind.Unavailable, "another node begins the cluster at the same time; it is joined next");
        }

        ClusterNodeLog.First(log, entry.Address);
        await cluster.JoinAsync(cluster.SelfAddress, cancellation);
        RequireAlone(cluster, entry);
    }

    private static StorageException LetInByNone(IEnumerable<Address> others) =>
        new(StorageErrorKind.Unavailable, $"none of {string.Join(", ", others)} has let this node into the cluster within {JoinPatience.TotalSeconds} s");

    // A start that ended, or was followed by another one of its node, begins no cluster any more.
    private static async Task<bool> IsThereAsync(NodeRegistry registry, NodeEntry start, CancellationToken cancellation) =>
        await registry.FindAsync(start.Node, cancellation) is var (newest, _) && newest.Incarnation == start.Incarnation && await AnswersAsync(start.Address, cancellation);

    /// <returns>Whether one of them has let this node in.</returns>
    private static async Task<bool> JoinAsync(Cluster cluster, IReadOnlyList<Address> others, CancellationToken cancellation)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(JoinPatience);
        try
        {
            await cluster.JoinSeedNodesAsync(others, patience.Token);
            return true;
        }
        catch (Exception refused) when (!cancellation.IsCancellationRequested && refused is OperationCanceledException or ClusterJoinFailedException)
        {
            return false;
        }
    }

    // One that only seems to be there is removed before long; then this one gets in.
    private static void RequireAlone(Cluster cluster, NodeEntry entry)
    {
        if (cluster.State.Members.FirstOrDefault(member => NodeRoles.NodeOf(member) == entry.Node && !member.Address.Equals(cluster.SelfAddress) && member.Status is MemberStatus.Up or MemberStatus.Joining) is { } other)
        {
            throw new StorageException(
                StorageErrorKind.Unavailable, $"node {entry.Node} runs at {other.Address.Host}:{other.Address.Port} as well; each node of a cluster needs a node.id of its own. If that one is dead, it is removed within seconds");
        }
    }

    // At its own address a start finds itself; a port that the node before had may be another node's by now.
    private static async Task<bool> RunsAsync(NodeRegistry registry, NodeEntry before, NodeEntry entry, CancellationToken cancellation) =>
        before.Address != entry.Address
        && !(await registry.ListAsync(cancellation)).Any(other => other.Node != before.Node && other.Address == before.Address)
        && await AnswersAsync(before.Address, cancellation);

    private static async Task<bool> AnswersAsync(string address, CancellationToken cancellation)
    {
        int colon = address.LastIndexOf(':');
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ConnectPatience);
        try
        {
            await socket.ConnectAsync(address[..colon], int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture), patience.Token);
            return true;
        }
        catch (Exception dead) when (dead is SocketException || (dead is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private static Address AddressOf(Cluster cluster, NodeEntry entry)
    {
        int colon = entry.Address.LastIndexOf(':');
        return new Address(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, entry.Address[..colon], int.Parse(entry.Address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
    }

    private static ClusterLink StartLink(
        ActorSystem system, IObjectStore store, BrokerOptions options, StorageSources sources, ILoggerFactory loggers, MetadataView view, ClusterLoads loads, PartitionSharding sharding, Action<Exception> onFenced)
    {
        IActorRef proxy = system.ActorOf(
            ClusterSingletonProxy.Props($"/user/{SingletonName}", ClusterSingletonProxySettings.Create(system).WithSingletonIdentificationInterval(TimeSpan.FromMilliseconds(200))), "coordinator-proxy");
        IActorRef client = ClusterLink.StartClient(system, proxy, view, store, sources.Clock, loggers);
        CoordinatorServices coordinator = new(options.NodeId, sources.Clock, sources.Ids.Next, loggers.CreateLogger("Broker.Coordinator"), onFenced);
        MetadataLogOptions logOptions = new() { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next(), SnapshotEveryCommits = options.Storage.MetadataSnapshotEveryCommits };
        IObjectStore metadata = new PurposeObjectStore(store, StorePurpose.Metadata);
        CoordinatorHostServices host = new(() => MetadataLog.OpenAsync(metadata, logOptions, CancellationToken.None).AsTask(), coordinator, loggers.CreateLogger("Broker.Coordinator"));
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
        Props singleton = Props.Create(() => new CoordinatorSingleton(host, failover, loads, factory => Caretakers.Start(factory, store, options, sources.Clock, loggers, view, client)));
        system.ActorOf(ClusterSingletonManager.Props(singleton, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(system)), SingletonName);
        return new ClusterLink(view, client) { Coordinator = proxy, OnLed = sharding.Seat };
    }
}

internal static partial class ClusterNodeLog
{
    [LoggerMessage(EventId = 5401, EventName = "ClusterJoining", Level = LogLevel.Information, Message = "Joining the cluster by {Others}")]
    public static partial void Joining(ILogger log, string others);

    [LoggerMessage(EventId = 5402, EventName = "ClusterFirst", Level = LogLevel.Information, Message = "No other node of the cluster answers or lets this one in: it is the first, {Address}")]
    public static partial void First(ILogger log, string address);
}
