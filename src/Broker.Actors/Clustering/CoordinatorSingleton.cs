using Akka.Actor;
using Akka.Cluster;
using Broker.Actors.Coordination;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>
/// What a cluster has one of, on its oldest node: the coordinator, the actor that takes over from nodes that are gone, those who care for what is stored, and what keeps other clusters from being begun. Messages to it are the coordinator's.
/// </summary>
internal sealed class CoordinatorSingleton : ReceiveActor
{
    private readonly Dictionary<NodeId, Address> _members = [];
    private readonly PresentNodes _present = new();
    private readonly ClusterLoads _loads;
    private readonly IActorRef _failover;
    private bool _hasEnded;

    /// <param name="host">The coordinator.</param>
    /// <param name="failover">What takes over from nodes that are gone.</param>
    /// <param name="loads">What nodes say of their partitions.</param>
    /// <param name="startOthers">Starts the others.</param>
    public CoordinatorSingleton(CoordinatorHostServices host, FailoverServices failover, ClusterLoads loads, Action<IActorRefFactory> startOthers)
    {
        IActorRef coordinator = Context.ActorOf(Props.Create(() => new CoordinatorHostActor(host)), "coordinator");
        _loads = loads;
        _failover = Context.ActorOf(Props.Create(() => new FailoverActor(failover, _present, coordinator)), "failover");
        startOthers(Context);
        Receive<ClusterEvent.CurrentClusterState>(state => OnState(state));
        Receive<ClusterEvent.MemberJoined>(joined => OnThere(joined.Member));
        Receive<ClusterEvent.MemberUp>(up => OnThere(up.Member));
        Receive<ClusterEvent.MemberDowned>(downed => downed.Member.UniqueAddress.Equals(Cluster.Get(Context.System).SelfUniqueAddress), _ => OnEnded());
        Receive<ClusterEvent.ClusterShuttingDown>(_ => OnEnded());
        Receive<ClusterEvent.MemberRemoved>(removed => OnRemoved(removed.Member));
        Receive<ClusterEvent.IMemberEvent>(_ => { });
        Receive<NodeLoad>(loads.Take);
        ReceiveAny(message => coordinator.Forward(message));
        Cluster.Get(Context.System).Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.ClusterShuttingDown));
    }

    protected override void PostStop() => Cluster.Get(Context.System).Unsubscribe(Self);

    // From its joining on, which all have seen before it is up: it may register before its being up has come here. One that leaves goes on until it is gone.
    private void OnState(ClusterEvent.CurrentClusterState state)
    {
        foreach (Member member in state.Members.Where(member => member.Status is MemberStatus.Joining or MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Exiting))
        {
            Add(member);
        }

        TellWhoIsThere();
    }

    private void OnThere(Member member)
    {
        Add(member);
        TellWhoIsThere();
    }

    private void Add(Member member)
    {
        if (NodeRoles.NodeOf(member) is { } node)
        {
            _members[node] = member.Address;
        }
    }

    // A node that was started again elsewhere is another member by then.
    private void OnRemoved(Member member)
    {
        if (NodeRoles.NodeOf(member) is { } node && _members.TryGetValue(node, out Address? address) && address.Equals(member.Address))
        {
            _members.Remove(node);
            _loads.Forget(node);
            TellWhoIsThere();
        }
    }

    // This node's part in the cluster has: it hears that all members are removed, those who have taken over from it too (V3).
    private void OnEnded()
    {
        _hasEnded = true;
        _present.Withdraw();
    }

    // Before a registration that comes behind goes on to the coordinator (V1).
    private void TellWhoIsThere()
    {
        if (_hasEnded)
        {
            return;
        }

        _present.Publish(_members.Keys.ToHashSet());
        _failover.Tell(PresenceChanged.Instance);
    }
}
