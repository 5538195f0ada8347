using Akka.Actor;
using Akka.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Nodes that share a bucket in memory, and a coordinator in a process of its own, which is told who is there.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly InMemoryObjectStore _store = new();
    private readonly Dictionary<NodeId, TestNode> _nodes = [];
    private readonly PresentNodes _present = new();
    private readonly ActorSystem _system = ActorSystem.Create("coordinator", ConfigurationFactory.ParseString("akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off }"));
    private readonly IActorRef _coordinator;
    private readonly IActorRef _failover;
    private readonly Dictionary<StreamId, NodeId> _seats = [];
    private int _started;

    public TestCluster()
    {
        StorageSources sources = new(TimeProvider.System, new SystemIdSource(), new Random(1));
        CoordinatorServices coordinator = new(new NodeId(99), TimeProvider.System, sources.Ids.Next, NullLogger.Instance, _ => { }) { Seats = NextSeats };
        CoordinatorHostServices host = new(() => MetadataLog.OpenAsync(_store, new MetadataLogOptions(), CancellationToken.None).AsTask(), coordinator, NullLogger.Instance);
        _coordinator = _system.ActorOf(Props.Create(() => new CoordinatorHostActor(host)));
        MetadataView view = new(MetadataImage.Empty);
        IActorRef client = ClusterLink.StartClient(_system, _coordinator, view, _store, TimeProvider.System, NullLoggerFactory.Instance);
        FailoverServices failover = new(
            view, client, (wal, epoch, ct) => OtherWals.FenceAsync(_store, wal, epoch, sources, ct).AsTask(), Seat, NullLogger.Instance);
        _failover = _system.ActorOf(Props.Create(() => new FailoverActor(failover, _present, _coordinator)));
        View = view;
    }

    /// <summary>Who gets what others let go of, where that is known.</summary>
    public NextSeats NextSeats { get; } = new();

    /// <summary>What the coordinator's process knows.</summary>
    public MetadataView View { get; }

    public IReadOnlyDictionary<NodeId, TestNode> Nodes => _nodes;

    public async Task<TestNode> StartAsync(int id)
    {
        // A node is a member before it registers.
        NodeId node = new(id);
        TellWhoIsThere(present => present.Add(node));
        TestNode started = await TestNode.JoinAsync(_store, _coordinator, (100 * ++_started) + id, ("node.id", $"{id}"), ("listeners", $"PLAINTEXT://127.0.0.1:{9000 + id}"), ("object.store.upload.interval.ms", "1000"));
        lock (_nodes)
        {
            _nodes[node] = started;
        }

        return started;
    }

    /// <summary>A start of which so many commands of this kind get lost, as when the coordinator's node dies just then.</summary>
    public Task<TestNode> StartWithoutAsync<TCommand>(int id, TimeSpan patience, int lost = int.MaxValue) =>
        TestNode.JoinAsync(_store, new Losing<TCommand>(_coordinator, lost), (100 * ++_started) + id, patience, ("node.id", $"{id}"), ("listeners", $"PLAINTEXT://127.0.0.1:{9000 + id}"));

    public async Task KillAsync(int id)
    {
        TestNode node = Take(id);
        await node.KillAsync();
        TellWhoIsThere(present => present.Remove(new NodeId(id)));
    }

    /// <summary>The others are told that the node is gone, which goes on.</summary>
    public TestNode CutOff(int id)
    {
        TestNode node = Take(id);
        TellWhoIsThere(present => present.Remove(new NodeId(id)));
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestNode node in _nodes.Values)
        {
            await node.DisposeAsync();
        }

        await _system.Terminate();
    }

    private TestNode Take(int id)
    {
        lock (_nodes)
        {
            Assert.True(_nodes.Remove(new NodeId(id), out TestNode? node));
            return node;
        }
    }

    private void TellWhoIsThere(Func<HashSet<NodeId>, bool> change)
    {
        lock (_nodes)
        {
            HashSet<NodeId> present = [.. _present.Current ?? new HashSet<NodeId>()];
            change(present);
            _present.Publish(present);
            _failover.Tell(PresenceChanged.Instance);
        }
    }

    /// <summary>As a shard does that moves.</summary>
    public async Task MoveAsync(StreamId stream, int from, int to)
    {
        // Whoever finds it without a leader on its way has it led there as well.
        lock (_nodes)
        {
            _seats[stream] = new NodeId(to);
        }

        await _nodes[new NodeId(from)].System.Resigning.Ask<Resigned>(new ResignStreams([stream]), Eventually.Patience);
        await _nodes[new NodeId(to)].System.Seating.Ask<Seated>(new SeatStreams([stream]), Eventually.Patience);
    }

    // Where sharding would put them.
    private void Seat(IReadOnlyList<StreamId> streams)
    {
        lock (_nodes)
        {
            MetadataImage image = View.Current;
            Dictionary<NodeId, int> seats = _nodes.Keys.ToDictionary(node => node, node => image.Streams.Values.Count(stream => stream.Leader == node));
            foreach (StreamId stream in seats.Count > 0 ? streams : [])
            {
                if (!_seats.TryGetValue(stream, out NodeId node) || !_nodes.ContainsKey(node))
                {
                    _seats[stream] = node = PartitionBalance.SeatOf(image, stream, seats);
                    seats[node]++;
                }

                _nodes[node].System.Seating.Tell(new SeatStreams([stream]), ActorRefs.NoSender);
            }
        }
    }

    private sealed class Losing<TCommand>(IActorRef coordinator, int lost) : ICanTell
    {
        private int _left = lost;

        public void Tell(object message, IActorRef sender)
        {
            if (message is not CoordinatorRequest { Command: TCommand } || --_left < 0)
            {
                coordinator.Tell(message, sender);
            }
        }
    }
}
