using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster;

public class ClusterExtension : ExtensionIdProvider<Cluster>
{
    public override Cluster CreateExtension(ExtendedActorSystem system) => new((ActorSystemImpl)system);
}

/// <summary>
/// This node's part in a cluster: it joins, learns of members, leaves. Its state may be read by any thread; it is never
/// behind the events that were sent out.
/// </summary>
public class Cluster : IExtension
{
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StatusCallbacks _onUp;
    private readonly StatusCallbacks _onRemoved;
    private volatile IActorRef _daemon = null!;
    private MembershipState _state;
    private Member _selfMember;

    internal Cluster(ActorSystemImpl system)
    {
        System = system;
        if (system.Provider is not RemoteActorRefProvider remote)
        {
            throw new ConfigurationException(
                $"ActorSystem [{system}] needs to have 'akka.actor.provider' set to 'cluster' in the configuration, currently uses [{system.Provider.GetType().Name}]");
        }

        Settings = new ClusterSettings(system.Settings.Config, system.Name);
        SelfUniqueAddress = new UniqueAddress(remote.DefaultAddress, AddressUidExtension.Uid(system));
        _state = new MembershipState(Gossip.Empty, SelfUniqueAddress);
        _selfMember = Member.Create(SelfUniqueAddress, Member.NotUpYet, MemberStatus.Removed, Settings.Roles, Settings.AppVersion);
        Log = Logging.GetLogger(system, "Cluster");
        _onUp = new StatusCallbacks(Log);
        _onRemoved = new StatusCallbacks(Log);
        FailureDetector = new DefaultFailureDetectorRegistry<Address>(() => FailureDetectorLoader.Load(
            Settings.FailureDetectorImplementationClass, Settings.FailureDetectorConfig, system));
        Refusals = new RefusedConnections(Settings.UnreachableWhenRefusedFor);
        DowningProvider = (IDowningProvider)Activator.CreateInstance(Settings.DowningProviderType, system, this)!;
        Props daemon = Props.Create(() => new ClusterDaemon(this)).WithDispatcher(Settings.UseDispatcher);
        _daemon = system.SystemActorOf(daemon, ClusterDaemon.Name);
        new ShutdownTasks(this).Register(CoordinatedShutdown.Get(system));
    }

    public ClusterSettings Settings { get; }

    public UniqueAddress SelfUniqueAddress { get; }

    public Address SelfAddress => SelfUniqueAddress.Address;

    public ImmutableHashSet<string> SelfRoles => Settings.Roles;

    /// <summary>Empty before the node has joined, and after its end.</summary>
    public ClusterEvent.CurrentClusterState State => CurrentState.ToCurrentState();

    /// <summary>With the status Removed before the node has joined, and after its end.</summary>
    public Member SelfMember => Volatile.Read(ref _selfMember);

    /// <summary>The node's part in the cluster has ended; only a new actor system can join again.</summary>
    public bool IsTerminated => _terminated.Task.IsCompleted;

    public bool IsUp => SelfMember.Status == MemberStatus.Up;

    public ExtendedActorSystem System { get; }

    public DefaultFailureDetectorRegistry<Address> FailureDetector { get; }

    public IDowningProvider DowningProvider { get; }

    internal RefusedConnections Refusals { get; }

    internal ILoggingAdapter Log { get; }

    internal MembershipState CurrentState => Volatile.Read(ref _state);

    /// <summary>Takes what is for the actor that owns the gossip.</summary>
    internal IActorRef Core => _daemon;

    /// <summary>Its children may run before the call that started the daemon has returned.</summary>
    internal void DaemonStarts(IActorRef daemon) => _daemon = daemon;

    internal RemoteActorRefProvider Provider => (RemoteActorRefProvider)System.Provider;

    /// <summary>Completes when this node is about to leave, or is none any more.</summary>
    internal Task Exiting => _exiting.Task;

    internal Task Terminated => _terminated.Task;

    /// <exception cref="ConfigurationException">The system has no cluster.</exception>
    public static Cluster Get(ActorSystem system) => new ClusterExtension().Apply(system);

    /// <summary>Asks the member at the address for entry; the own address begins a new cluster.</summary>
    public void Join(Address address) => _daemon.Tell(new JoinTo(address));

    /// <summary>As <see cref="Join"/>; completes when this node is up.</summary>
    /// <exception cref="ClusterJoinFailedException">The task's, when the node's part in the cluster ends before.</exception>
    public Task JoinAsync(Address address, CancellationToken token = default) => WhenUp(() => Join(address), token);

    /// <summary>Asks all of them; the first one begins a new cluster when no other answers.</summary>
    public void JoinSeedNodes(IEnumerable<Address> seedNodes) => _daemon.Tell(new JoinSeeds([.. seedNodes]));

    /// <summary>As <see cref="JoinSeedNodes"/>; completes when this node is up.</summary>
    /// <exception cref="ClusterJoinFailedException">The task's, when the node's part in the cluster ends before.</exception>
    public Task JoinSeedNodesAsync(IEnumerable<Address> seedNodes, CancellationToken token = default) =>
        WhenUp(() => JoinSeedNodes(seedNodes), token);

    /// <summary>The member at the address is to go, in good order.</summary>
    public void Leave(Address address) => _daemon.Tell(new LeaveNode(address));

    /// <summary>This node leaves; completes when its part in the cluster has ended.</summary>
    public Task LeaveAsync() => LeaveAsync(CancellationToken.None);

    public Task LeaveAsync(CancellationToken cancellationToken)
    {
        Leave(SelfAddress);
        return _terminated.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The member at the address is gone: decided, whatever it is in truth.</summary>
    public void Down(Address address) => _daemon.Tell(new DownNode(address));

    /// <summary>Calls <paramref name="callback"/> once when this node is up; at once if it is.</summary>
    public void RegisterOnMemberUp(Action callback) => _onUp.Add(callback);

    /// <summary>Calls <paramref name="callback"/> once when this node's part in the cluster has ended; at once if it has.</summary>
    public void RegisterOnMemberRemoved(Action callback) => _onRemoved.Add(callback);

    /// <summary>The path as other nodes can use it.</summary>
    public ActorPath RemotePathOf(IActorRef actorRef) => actorRef.Path.Address.HasGlobalScope
        ? actorRef.Path
        : actorRef.Path.Elements.Aggregate<string, ActorPath>(new RootActorPath(SelfAddress), (path, element) => path / element).WithUid(actorRef.Path.Uid);

    /// <summary>Sends the state to <paramref name="receiver"/>.</summary>
    public void SendCurrentClusterState(IActorRef receiver) => _daemon.Tell(new SendState(receiver));

    /// <summary>Sends the state, and then the events that are of one of the types.</summary>
    public void Subscribe(IActorRef subscriber, params Type[] to) =>
        Subscribe(subscriber, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot, to);

    /// <exception cref="ArgumentException">No type is given, or one that is no event of the cluster.</exception>
    public void Subscribe(IActorRef subscriber, ClusterEvent.SubscriptionInitialStateMode initialStateMode, params Type[] to)
    {
        if (to.Length == 0 || to.Any(type => !typeof(ClusterEvent.IClusterDomainEvent).IsAssignableFrom(type)))
        {
            throw new ArgumentException($"Subscribe to `IClusterDomainEvent` or subclasses, was: {string.Join(", ", to.Select(type => type.Name))}", nameof(to));
        }

        _daemon.Tell(new SubscribeTo(subscriber, initialStateMode, [.. to]));
    }

    public void Unsubscribe(IActorRef subscriber) => _daemon.Tell(new UnsubscribeFrom(subscriber, null));

    public void Unsubscribe(IActorRef subscriber, Type to) => _daemon.Tell(new UnsubscribeFrom(subscriber, to));

    internal void JoinConfiguredSeedNodes()
    {
        if (Settings.SeedNodes.Count > 0)
        {
            JoinSeedNodes(Settings.SeedNodes);
        }
    }

    /// <summary>Called by the core before it sends out the events.</summary>
    internal void Publish(MembershipState state)
    {
        Volatile.Write(ref _state, state);
        Volatile.Write(ref _selfMember, state.SelfMember ?? SelfMember.Copy(MemberStatus.Removed));
        if (SelfMember.Status is MemberStatus.Up)
        {
            _onUp.Fire();
        }

        if (SelfMember.Status is MemberStatus.Exiting or MemberStatus.Down)
        {
            _exiting.TrySetResult();
        }
    }

    /// <summary>Called once, when the daemon has stopped.</summary>
    internal void Shutdown()
    {
        Volatile.Write(ref _state, new MembershipState(Gossip.Empty, SelfUniqueAddress));
        Volatile.Write(ref _selfMember, SelfMember.Copy(MemberStatus.Removed));
        _exiting.TrySetResult();
        if (_terminated.TrySetResult())
        {
            _onRemoved.Fire();
        }
    }

    private async Task WhenUp(Action join, CancellationToken token)
    {
        if (IsTerminated)
        {
            throw new ClusterJoinFailedException("Cluster has already been terminated");
        }

        TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);
        RegisterOnMemberUp(() => up.TrySetResult());
        join();
        Task first = await Task.WhenAny(up.Task, _terminated.Task).WaitAsync(token).ConfigureAwait(false);
        if (first != up.Task)
        {
            throw new ClusterJoinFailedException("Node has not managed to join the cluster before its part in it ended");
        }
    }
}
