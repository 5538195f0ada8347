using Akka.Actor;
using Broker.Actors;
using Broker.Actors.Clustering;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Simulation.Node;
using Broker.Simulation.Store;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging;

namespace Broker.Simulation.Several;

/// <summary>What the members of a simulated cluster have in common.</summary>
internal sealed record MemberGround(SimulatedWorld World, InMemoryObjectStore Bucket, StoreWeather Weather, Network Network, BrokerOptions Options, ILoggerFactory Loggers, bool IsStoreWrapped, Sabotage Sabotage);

/// <summary>
/// One run of a broker among others, all but sockets and the actor cluster: who is there, who coordinates and where partitions are to be led is said by <see cref="Members"/>, rightly or wrongly.
/// </summary>
internal sealed class Member : IReachable
{
    private readonly MemberGround _ground;
    private readonly Members _members;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<Member, IActorRef> _followers = [];
    private readonly LogsAhead _ahead = new();
    private bool _isServing;
    private StorageSources _sources = null!;
    private IObjectStore _store = null!;
    private ActorSystem _actors = null!;
    private ClusterSerializer _serializer = null!;
    private IActorRef _client = ActorRefs.Nobody;
    private IActorRef _singleton = ActorRefs.Nobody;
    private IActorRef _seats = ActorRefs.Nobody;

    private Member(MemberGround ground, Members members, NodeId node, int number)
    {
        (_ground, _members, Node, Number) = (ground, members, node, number);
        Process = SimulatedProcess.Start(ground.World, $"node-{node}-{number}");
        Process.Died += _ended.SetResult;
        View = new MetadataView(MetadataImage.Empty);
    }

    public NodeId Node { get; }

    /// <summary>Counts the runs of all nodes.</summary>
    public int Number { get; }

    public SimulatedProcess Process { get; }

    public MetadataView View { get; }

    /// <summary>Where it coordinates: who gets what others let go of.</summary>
    public NextSeats NextSeats { get; } = new();

    public BrokerSystem System { get; private set; } = null!;

    public bool IsServing => _isServing && !Process.IsDead;

    public Sabotage Sabotage => _ground.Sabotage;

    /// <summary>Completes when the process is gone.</summary>
    public Task Ended => _ended.Task;

    /// <summary>A failure that a process must not end with.</summary>
    public Exception? Fault { get; private set; }

    public static Member Start(MemberGround ground, Members members, NodeId node, int number)
    {
        Member member = new(ground, members, node, number);
        ground.World.Note(member.Process.Name, "start");
        member.Process.Post(_ => _ = member.MainAsync(), null);
        return member;
    }

    /// <summary>From now on it coordinates, beside whoever still does.</summary>
    public void Coordinate() => _ground.Network.Send(
        Process,
        Process,
        () =>
        {
            _ground.World.Note(Process.Name, "coordinates");
            CoordinatorServices coordinator = new(Node, Process.Clock, _sources.Ids.Next, Log("coordinator"), cause => End($"fenced: {cause.Message}")) { Seats = NextSeats };
            MetadataLogOptions options = new() { Time = Process.Clock, Ids = _sources.Ids, JitterSeed = _sources.Random.Next(), SnapshotEveryCommits = _ground.Options.Storage.MetadataSnapshotEveryCommits };
            CoordinatorHostServices host = new(() => MetadataLog.OpenAsync(_store, options with { KnownSlots = View.Current.Version + 1 }, CancellationToken.None).AsTask(), coordinator, Log("coordinator"));
            FailoverServices failover = new(
                View, _client, (wal, epoch, ct) => OtherWals.FenceAsync(_store, wal, epoch, _sources, ct).AsTask(), streams => _members.Seat(this, streams), Log("failover"));
            _singleton = _actors.ActorOf(Props.Create(() => new SimulatedSingleton(
                host, failover, factory => Caretakers.Start(factory, _store, _ground.Options, Process.Clock, _ground.Loggers, View, _client))));
        });

    /// <summary>It hears who is in the cluster.</summary>
    public void TellWhoIsThere(IReadOnlySet<NodeId> nodes) => _ground.Network.Send(Process, Process, () => _singleton.Tell(new NodesPresent(nodes), ActorRefs.NoSender));

    /// <summary>A message of a follower arrives here, where its coordinator is.</summary>
    public void Coordinate(Member follower, byte[] message, string manifest)
    {
        if (!_followers.TryGetValue(follower, out IActorRef? stub))
        {
            _followers[follower] = stub = _actors.ActorOf(Props.Create(() => new Forwarder(answer => Answer(follower, answer))));
        }

        _singleton.Tell(_serializer.FromBinary(message, manifest), stub);
    }

    /// <summary>The stream is to be led here.</summary>
    public void StartSeat(StreamId stream) => _seats.Tell(new SeatHost.StartSeat(stream), ActorRefs.NoSender);

    /// <summary>The stream is to be led elsewhere.</summary>
    public void LeaveSeat(StreamId stream) => _seats.Tell(new SeatHost.EndSeat(stream), ActorRefs.NoSender);

    /// <summary>It can serve no longer, and ends.</summary>
    public void End(string why)
    {
        _ground.World.Note(Process.Name, "ends");
        _ground.World.Trace.Remark(_ground.World.Elapsed, Process.Name, why);
        Process.Kill();
    }

    /// <summary>Reads logs of a node that does not answer, for whenever it leads what they hold.</summary>
    public async Task ReadAheadAsync(NodeId silent)
    {
        MetadataImage image = View.Current;
        foreach (WalId released in _ahead.Logs.Where(log => !image.Wals.ContainsKey(log)))
        {
            _ahead.Remove(released);
        }

        foreach (AttachedWal wal in image.Wals.Values.Where(wal => wal.Node == silent && wal.IsInBucket).OrderBy(wal => wal.WalId))
        {
            if (_ahead.Add(wal.WalId) is { } ahead)
            {
                _ground.World.Note(Process.Name, "reads ahead", silent.ToString());

                // Whoever needs what failed reads it then.
                await OtherWals.ReadAheadAsync(_store, wal, ahead, CancellationToken.None).ContinueWith(_ => { }, TaskScheduler.FromCurrentSynchronizationContext());
            }
        }
    }

    private void Answer(Member follower, object answer)
    {
        byte[] bytes = _serializer.ToBinary(answer);
        string manifest = _serializer.Manifest(answer);
        _ground.Network.Send(Process, follower.Process, () => follower._client.Tell(follower._serializer.FromBinary(bytes, manifest), ActorRefs.NoSender));
    }

    private ILogger Log(string part) => _ground.Loggers.CreateLogger($"{Process.Name}-{part}");

    private async Task MainAsync()
    {
        try
        {
            await ServeAsync();
        }
        catch (StorageException cause)
        {
            End(cause.Message);
        }
        catch (Exception cause)
        {
            Fault = cause;
            Process.Kill();
        }
    }

    private async Task ServeAsync()
    {
        _sources = new StorageSources(Process.Clock, new SeededIdSource(_ground.World.Random.Next()), new Random(_ground.World.Random.Next()));
        _store = OpenStore();
        BrokerOptions options = _ground.Options with { NodeId = Node };
        _actors = ActorSystem.Create(Process.Name, NodeSettings.Actors);
        _serializer = new ClusterSerializer((ExtendedActorSystem)_actors);
        _client = ClusterLink.StartClient(_actors, new CoordinatorLink(message => _members.ToCoordinator(this, _serializer.ToBinary(message), _serializer.Manifest(message))), View, _store, Process.Clock, _ground.Loggers);
        _members.Joined(this);
        FollowerJoin join = new(options, options.Place, View, _client, Log("join"), Process.Clock);
        StorageEngine storage = await StorageEngine.OpenAsync(_store, options, _sources, join, Log("storage"), CancellationToken.None);
        ClusterLink link = new(View, _client) { Ahead = _ahead, OnLed = stream => _members.Seat(this, [stream]) };
        System = await BrokerSystem.StartAsync(_actors, storage, options, _sources, _ground.Loggers, new BrokerMetrics(), link);
        _seats = _actors.ActorOf(Props.Create(() => new SeatHost(System.Seating, System.Resigning, stream => _members.Seat(this, new[] { stream }), stream => _members.SeatEnded(this, stream))));
        _isServing = true;
        _ground.World.Note(Process.Name, "serving");
        Exception fenced = await System.Fenced;
        End(fenced.Message);
    }

    private IObjectStore OpenStore()
    {
        IObjectStore store = _ground.Sabotage.Decorate(new StoreClient(Process, _ground.Bucket, _ground.Weather));
        if (!_ground.IsStoreWrapped)
        {
            return store;
        }

        store = new ThrottlingObjectStore(store, new ThrottlingObjectStoreOptions { Time = Process.Clock });
        return new RetryingObjectStore(store, new RetryingObjectStoreOptions { Time = Process.Clock, Ids = _sources.Ids, JitterSeed = _sources.Random.Next() });
    }

    /// <summary>What leads a follower's messages to the coordinator.</summary>
    private sealed class CoordinatorLink(Action<object> send) : ICanTell
    {
        public void Tell(object message, IActorRef sender) => send(message);
    }
}
