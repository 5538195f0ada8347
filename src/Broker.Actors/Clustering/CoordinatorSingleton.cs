using Akka.Actor;
using Akka.Cluster;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>
/// What a cluster has one of, on its oldest node: the coordinator, the actor that takes over from nodes that are gone, and those who care for what is stored. Messages to it are the coordinator's.
/// </summary>
internal sealed class CoordinatorSingleton : ReceiveActor
{
    private readonly Dictionary<NodeId, Address> _members = [];
    private readonly IActorRef _failover;

    /// <param name="host">The coordinator.</param>
    /// <param name="failover">Given what tells a node what it is to lead.</param>
    /// <param name="startCaretakers">Starts the others.</param>
    public CoordinatorSingleton(CoordinatorHostServices host, Func<Action<NodeId, SeatStreams>, FailoverServices> failover, Action<IActorRefFactory> startCaretakers)
    {
        IActorRef coordinator = Context.ActorOf(Props.Create(() => new CoordinatorHostActor(host)), "coordinator");
        ActorSystem system = Context.System;
        IActorRef self = Self;

        // Who is where only this actor knows.
        FailoverServices services = failover((node, seats) => self.Tell(new SeatAt(node, seats), ActorRefs.NoSender));
        _failover = Context.ActorOf(Props.Create(() => new FailoverActor(services)), "failover");
        startCaretakers(Context);
        Receive<ClusterEvent.CurrentClusterState>(state => OnState(state));
        Receive<ClusterEvent.MemberJoined>(joined => OnThere(joined.Member));
        Receive<ClusterEvent.MemberUp>(up => OnThere(up.Member));
        Receive<ClusterEvent.MemberRemoved>(removed => OnRemoved(removed.Member));
        Receive<ClusterEvent.IMemberEvent>(_ => { });
        Receive<SeatAt>(OnSeat);
        ReceiveAny(message => coordinator.Forward(message));
        Cluster.Get(system).Subscribe(self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot, typeof(ClusterEvent.IMemberEvent));
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
            TellWhoIsThere();
        }
    }

    private void TellWhoIsThere() => _failover.Tell(new NodesPresent(_members.Keys.ToHashSet()));

    private void OnSeat(SeatAt seat)
    {
        if (_members.TryGetValue(seat.Node, out Address? address))
        {
            Context.ActorSelection(new RootActorPath(address) / "user" / ClusterNode.SeatingName).Tell(seat.Seats);
        }
    }

    private sealed record SeatAt(NodeId Node, SeatStreams Seats);
}
