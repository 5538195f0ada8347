using System.IO.Pipelines;
using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A whole node in this process, but for the sockets: an object store in memory, a WAL in a folder of its own.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private const int Seed = 17;

    private readonly TempFolder _folder;
    private readonly StorageEngine _storage;
    private readonly KafkaConnectionHandler _handler;

    private readonly IObjectStore _store;

    private TestNode(TempFolder folder, IObjectStore store, StorageEngine storage, BrokerSystem system, ActorSystem actors, BrokerOptions options)
    {
        (_folder, _store, _storage, System, Actors, Options) = (folder, store, storage, system, actors, options);
        _handler = new KafkaConnectionHandler("PLAINTEXT", options.Connections, system.Connections, system.Handlers, TimeProvider.System);
    }

    public BrokerSystem System { get; }

    /// <summary>What the node counts.</summary>
    public required BrokerMetrics Metrics { get; init; }

    public ActorSystem Actors { get; }

    public BrokerOptions Options { get; }

    public StorageEngine Storage => _storage;

    public static Task<TestNode> StartAsync(params (string Name, string Value)[] settings) => StartAsync(new InMemoryObjectStore(), settings);

    public static async Task<TestNode> StartAsync(IObjectStore store, params (string Name, string Value)[] settings)
    {
        TempFolder folder = new("actors");
        BrokerOptions options = TestOptions.Of(
        [
            ("log.dirs", folder.Path),
            ("listeners", "PLAINTEXT://127.0.0.1:9092"),
            ("wal.disk.segment.bytes", "1048576"),
            ("wal.disk.capacity.bytes", "134217728"),
            ("wal.batch.max.bytes", "65536"),
            ("offsets.topic.num.partitions", "2"),
            ("group.initial.rebalance.delay.ms", "0"),
            .. settings,
        ]);
        return await StartAsync(folder, store, options, Seed);
    }

    /// <summary>Stops the node and starts another on what it left behind; this one is used up.</summary>
    public async Task<TestNode> RestartAsync()
    {
        await StopAsync();
        return await StartAsync(_folder, _store, Options, Seed + 1);
    }

    private static async Task<TestNode> StartAsync(TempFolder folder, IObjectStore store, BrokerOptions options, int seed)
    {
        StorageSources sources = new(TimeProvider.System, new SeededIdSource(seed), new Random(seed));
        StorageEngine storage = await StorageEngine.OpenAsync(store, options, sources, NullLogger.Instance, CancellationToken.None);
        ActorSystem actors = CreateSystem("test");
        BrokerMetrics metrics = new();
        BrokerSystem system = await BrokerSystem.StartAsync(actors, storage, options, sources, NullLoggerFactory.Instance, metrics);
        return new TestNode(folder, store, storage, system, actors, options) { Metrics = metrics };
    }

    /// <summary>Starts a node of a cluster whose coordinator is told by <paramref name="coordinator"/>.</summary>
    public static Task<TestNode> JoinAsync(IObjectStore store, ICanTell coordinator, int seed, params (string Name, string Value)[] settings) =>
        JoinAsync(store, coordinator, seed, CoordinatorTimeouts.Command, settings);

    /// <param name="patience">How long the start waits for the coordinator.</param>
    public static async Task<TestNode> JoinAsync(IObjectStore store, ICanTell coordinator, int seed, TimeSpan patience, params (string Name, string Value)[] settings)
    {
        TempFolder folder = new("actors");
        BrokerOptions options = TestOptions.Of([("log.dirs", folder.Path), ("wal.kind", "bucket"), ("offsets.topic.num.partitions", "2"), .. settings]);
        StorageSources sources = new(TimeProvider.System, new SeededIdSource(seed), new Random(seed));
        ActorSystem actors = CreateSystem($"node-{seed}");
        MetadataView view = new(MetadataImage.Empty);
        IActorRef client = ClusterLink.StartClient(actors, coordinator, view, store, sources.Clock, NullLoggerFactory.Instance);
        FollowerJoin join = new(options, options.Place, view, client, NullLogger.Instance, sources.Clock);
        StorageEngine storage = await StorageEngine.OpenAsync(store, options, sources, join, NullLogger.Instance, CancellationToken.None);
        BrokerMetrics metrics = new();
        BrokerSystem system = await BrokerSystem.StartAsync(actors, storage, options, sources, NullLoggerFactory.Instance, metrics, new ClusterLink(view, client) { StartPatience = patience });
        return new TestNode(folder, store, storage, system, actors, options) { Metrics = metrics, Client = client };
    }

    /// <summary>The node's link to its cluster's coordinator; nobody, when it is alone.</summary>
    public IActorRef Client { get; private init; } = ActorRefs.Nobody;

    /// <summary>As kill -9 does: nothing is brought to an end.</summary>
    public async Task KillAsync() => await Actors.Terminate();

    // Of two systems of one name, actors of one path are taken for the same.
    private static ActorSystem CreateSystem(string name) =>
        ActorSystem.Create(name, ConfigurationFactory.ParseString("akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off }"));

    /// <summary>Opens a connection, as Kestrel would hand it over.</summary>
    public TestClient Connect()
    {
        Pipe toBroker = new();
        Pipe toClient = new();
        CancellationTokenSource closed = new();
        DefaultConnectionContext connection = new("test")
        {
            ConnectionClosed = closed.Token,
            Transport = new Duplex(toBroker.Reader, toClient.Writer),
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 5000),
        };
        return new TestClient(toBroker.Writer, toClient.Reader, ServeAsync(connection), closed);
    }

    // Kestrel completes the transport when the handler returns.
    private async Task ServeAsync(DefaultConnectionContext connection)
    {
        await Task.Yield();
        try
        {
            await _handler.OnConnectedAsync(connection);
        }
        finally
        {
            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private async Task StopAsync()
    {
        await System.StopAsync(TimeSpan.FromSeconds(10), NullLogger.Instance);
        await _storage.DisposeAsync();
        await Actors.Terminate();
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
