using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;

namespace Akka.Cluster.Sharding;

public sealed class ClusterShardingExtensionProvider : ExtensionIdProvider<ClusterSharding>
{
    public override ClusterSharding CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>
/// Entities, each by its id somewhere in the cluster: kinds of them are started here, on each node, and messages go to them by the region's reference.
/// </summary>
public class ClusterSharding : IExtension
{
    private const string CoordinatorName = "coordinator";

    private readonly ConcurrentDictionary<string, Lazy<IActorRef>> _regions = new();
    private readonly ConcurrentDictionary<string, Lazy<IActorRef>> _proxies = new();
    private readonly ExtendedActorSystem _system;
    private readonly Cluster _cluster;

    public ClusterSharding(ExtendedActorSystem system)
    {
        _system = system;
        _cluster = Cluster.Get(system);
        Settings = ClusterShardingSettings.Create(system);
    }

    public ClusterShardingSettings Settings { get; }

    /// <summary>The kinds that were started here.</summary>
    public ImmutableHashSet<string> ShardTypeNames => [.. _regions.Keys];

    /// <summary>The defaults of all settings of sharding.</summary>
    public static Config DefaultConfig() => ShardingSupport.Default;

    /// <exception cref="ConfigurationException">The system has no cluster.</exception>
    public static ClusterSharding Get(ActorSystem system) => new ClusterShardingExtensionProvider().Apply(system);

    public IShardAllocationStrategy DefaultShardAllocationStrategy(ClusterShardingSettings settings)
    {
        TuningParameters tuning = settings.TuningParameters;
        return tuning.LeastShardAllocationAbsoluteLimit > 0
            ? ShardAllocationStrategy.LeastShardAllocationStrategy(tuning.LeastShardAllocationAbsoluteLimit, tuning.LeastShardAllocationRelativeLimit)
            : new LeastShardAllocationStrategy(tuning.LeastShardAllocationRebalanceThreshold, tuning.LeastShardAllocationMaxSimultaneousRebalance);
    }

    /// <summary>The region of a kind that was started.</summary>
    /// <exception cref="ArgumentException">It was not.</exception>
    public IActorRef ShardRegion(string typeName) => _regions.TryGetValue(typeName, out Lazy<IActorRef>? region)
        ? region.Value
        : _proxies.TryGetValue(typeName, out Lazy<IActorRef>? proxy)
            ? proxy.Value
            : throw new ArgumentException($"Shard type [{typeName}] must be started first", nameof(typeName));

    /// <exception cref="ArgumentException">It was not started.</exception>
    public IActorRef ShardRegionProxy(string typeName) => _proxies.TryGetValue(typeName, out Lazy<IActorRef>? proxy)
        ? proxy.Value
        : throw new ArgumentException($"Shard type [{typeName}] must be started first", nameof(typeName));

    /// <summary>Starts a kind of entities on this node; a second call returns the region of the first.</summary>
    /// <param name="typeName">The kind, the same on all nodes.</param>
    /// <param name="entityPropsFactory">How to make the entity of an id.</param>
    /// <param name="settings">On a node without their role, this is <see cref="StartProxy(string, string, IMessageExtractor)"/>.</param>
    /// <param name="messageExtractor">For which entity a message is; the same on all nodes.</param>
    /// <param name="allocationStrategy">Where shards go.</param>
    /// <param name="handOffStopMessage">What entities get when their shard moves: they stop themselves, within <c>handoff-timeout</c>.</param>
    public IActorRef Start(
        string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor, IShardAllocationStrategy allocationStrategy, object handOffStopMessage)
    {
        if (settings.Role is { } role && !_cluster.SelfRoles.Contains(role))
        {
            return StartProxy(typeName, role, messageExtractor);
        }

        EntityKind kind = new(typeName, entityPropsFactory, settings, messageExtractor, handOffStopMessage);
        return _regions.GetOrAdd(typeName, _ => new Lazy<IActorRef>(() => Start(kind, allocationStrategy))).Value;
    }

    public IActorRef Start(string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor) =>
        Start(typeName, entityPropsFactory, settings, messageExtractor, DefaultShardAllocationStrategy(settings), PoisonPill.Instance);

    public IActorRef Start(
        string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, ExtractEntityId extractEntityId, ExtractShardId extractShardId, IShardAllocationStrategy allocationStrategy, object handOffStopMessage) =>
        Start(typeName, entityPropsFactory, settings, new DelegateMessageExtractor(extractEntityId, extractShardId), allocationStrategy, handOffStopMessage);

    public IActorRef Start(
        string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, ExtractEntityId extractEntityId, ExtractShardId extractShardId) =>
        Start(typeName, entityPropsFactory, settings, new DelegateMessageExtractor(extractEntityId, extractShardId));

    public Task<IActorRef> StartAsync(
        string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor, IShardAllocationStrategy allocationStrategy, object handOffStopMessage) =>
        Task.FromResult(Start(typeName, entityPropsFactory, settings, messageExtractor, allocationStrategy, handOffStopMessage));

    public Task<IActorRef> StartAsync(string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor) =>
        Task.FromResult(Start(typeName, entityPropsFactory, settings, messageExtractor));

    /// <summary>A region without entities of its own, for nodes that only send to them.</summary>
    public IActorRef StartProxy(string typeName, string role, IMessageExtractor messageExtractor)
    {
        EntityKind kind = new(typeName, _ => Props.None, Settings.WithRole(role), messageExtractor, PoisonPill.Instance);
        return _proxies.GetOrAdd(typeName, _ => new Lazy<IActorRef>(() => StartRegion(kind, isProxy: true))).Value;
    }

    public IActorRef StartProxy(string typeName, string role, ExtractEntityId extractEntityId, ExtractShardId extractShardId) =>
        StartProxy(typeName, role, new DelegateMessageExtractor(extractEntityId, extractShardId));

    private IActorRef Start(EntityKind kind, IShardAllocationStrategy strategy)
    {
        string typeName = kind.TypeName;
        ClusterShardingSettings settings = kind.Settings;
        ClusterSingletonManagerSettings singleton = settings.CoordinatorSingletonSettings.WithSingletonName(CoordinatorName).WithRole(settings.Role);
        Props coordinator = Props.Create(() => new ShardCoordinator(typeName, settings, strategy));
        _system.SystemActorOf(ClusterSingletonManager.Props(coordinator, singleton), ManagerName(typeName));
        return StartRegion(kind, isProxy: false);
    }

    private IActorRef StartRegion(EntityKind kind, bool isProxy)
    {
        string[] coordinatorPath = ["system", ManagerName(kind.TypeName), CoordinatorName];
        string name = $"sharding-{Uri.EscapeDataString(kind.TypeName)}{(isProxy ? "-proxy" : "")}";
        return _system.SystemActorOf(Props.Create(() => new ShardRegion(kind, isProxy, coordinatorPath)), name);
    }

    private static string ManagerName(string typeName) => $"sharding-{Uri.EscapeDataString(typeName)}-manager";
}
