using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;

namespace Broker.Simulation.Several;

/// <summary>As the cluster's singleton: the coordinator, and those beside it.</summary>
internal sealed class SimulatedSingleton : ReceiveActor
{
    public SimulatedSingleton(CoordinatorHostServices host, FailoverServices failover, Action<IActorRefFactory> startCaretakers)
    {
        IActorRef coordinator = Context.ActorOf(Props.Create(() => new CoordinatorHostActor(host)), "coordinator");
        PresentNodes present = new();
        IActorRef takingOver = Context.ActorOf(Props.Create(() => new FailoverActor(failover, present, coordinator)), "failover");
        startCaretakers(Context);
        Receive<NodesPresent>(nodes =>
        {
            present.Publish(nodes.Nodes);
            takingOver.Tell(PresenceChanged.Instance);
        });
        ReceiveAny(message => coordinator.Forward(message));
    }
}

/// <summary>The members that are there.</summary>
internal sealed record NodesPresent(IReadOnlySet<NodeId> Nodes);

/// <summary>Passes everything on.</summary>
internal sealed class Forwarder : ReceiveActor
{
    public Forwarder(Action<object> to) => ReceiveAny(to);
}

/// <summary>As a region of shards: has an entity for each stream that is to be led here.</summary>
internal sealed class SeatHost : ReceiveActor
{
    private readonly Dictionary<StreamId, IActorRef> _seats = [];

    /// <param name="seating">The node's.</param>
    /// <param name="resigning">The node's.</param>
    /// <param name="startAnew">Has an entity started somewhere.</param>
    /// <param name="ended">Told when an entity has ended.</param>
    public SeatHost(IActorRef seating, IActorRef resigning, Action<StreamId> startAnew, Action<StreamId> ended)
    {
        PartitionSeatServices services = new(seating, resigning, startAnew);
        Receive<StartSeat>(start =>
        {
            if (!_seats.ContainsKey(start.Stream))
            {
                _seats[start.Stream] = Context.Watch(Context.ActorOf(Props.Create(() => new PartitionSeatActor(start.Stream, services))));
            }
        });
        Receive<EndSeat>(end => _seats.GetValueOrDefault(end.Stream)?.Tell(LeaveSeat.Instance));
        Receive<Terminated>(gone =>
        {
            StreamId stream = _seats.First(one => one.Value.Equals(gone.ActorRef)).Key;
            _seats.Remove(stream);
            ended(stream);
        });
    }

    internal sealed record StartSeat(StreamId Stream);

    internal sealed record EndSeat(StreamId Stream);
}
