using System.Globalization;
using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>
/// The sharded entity of a partition: where it is, the partition is to be led. It has its node open the stream when it starts, and give it up when its shard is to move; it ends when nobody
/// can be harmed by another one elsewhere. What leads is the <see cref="PartitionActor"/>, by what the metadata say: a second entity of one stream, as after a split of the cluster, waits.
/// </summary>
internal sealed class PartitionSeatActor : ReceiveActor
{
    private readonly PartitionSeatServices _services;
    private readonly StreamId _stream;

    public PartitionSeatActor(StreamId stream, PartitionSeatServices services)
    {
        (_stream, _services) = (stream, services);
        Become(Opening);
    }

    /// <summary>How a stream is called among the entities.</summary>
    public static string IdOf(StreamId stream) => stream.Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The stream of an entity, or of its shard.</summary>
    public static StreamId StreamOf(string id) => new(long.Parse(id, CultureInfo.InvariantCulture));

    protected override void PreStart() => _services.Seating.Tell(new SeatStreams([_stream]), Self);

    private void Opening()
    {
        Receive<Seated>(_ => Become(Leading));
        Receive<NotSeated>(_ => Context.Stop(Self));
        Receive<LeaveSeat>(_ =>
        {
            // An opening that is on its way may be a commit already.
            _services.Seating.Tell(new UnseatStreams([_stream]), Self);
            Become(LeavingBeforeOpen);
        });
    }

    private void LeavingBeforeOpen()
    {
        Receive<Seated>(_ => Resign());
        Receive<NotSeated>(_ => Context.Stop(Self));
    }

    private void Leading() => Receive<LeaveSeat>(_ => Resign());

    private void Resign()
    {
        _services.Resigning.Tell(new ResignStreams([_stream]), Self);
        Become(() => Receive<Resigned>(_ =>
        {
            // Its shard has no place now: this makes the cluster look for one, without waiting for anybody to ask for the partition.
            _services.StartAnew(_stream);
            Context.Stop(Self);
        }));
    }
}

/// <summary>The shard is to move: the entity stops when the partition can be led elsewhere.</summary>
internal sealed record LeaveSeat
{
    public static readonly LeaveSeat Instance = new();
}

/// <summary>What a <see cref="PartitionSeatActor"/> works with.</summary>
/// <param name="Seating">The node's <see cref="SeatingActor"/>.</param>
/// <param name="Resigning">The node's <see cref="ResigningActor"/>.</param>
/// <param name="StartAnew">Has the cluster start the entity of a stream, wherever that is.</param>
internal sealed record PartitionSeatServices(IActorRef Seating, IActorRef Resigning, Action<StreamId> StartAnew);
