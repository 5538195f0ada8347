using Akka.Actor;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.Simulation.Store;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging;

namespace Broker.Simulation.Node;

/// <summary>What the incarnations of a node have in common: the bucket, the disk, the settings.</summary>
/// <param name="Sabotage">For tests of the simulation itself.</param>
internal sealed record NodeGround(
    SimulatedWorld World, InMemoryObjectStore Bucket, StoreWeather Weather, SimulatedDisk Disk, BrokerOptions Options, ILoggerFactory Loggers, bool IsStoreWrapped, Sabotage Sabotage);

/// <summary>
/// One run of a broker process, all but its sockets: the storage engine and the actors of production, composed as the executable does, in one simulated
/// process.
/// </summary>
internal sealed class SimulatedNode : IReachable
{
    private readonly NodeGround _ground;
    private readonly TaskCompletionSource<bool> _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SimulatedNode(NodeGround ground, int number)
    {
        (_ground, Number) = (ground, number);
        Process = SimulatedProcess.Start(ground.World, $"node-{number}");
        Process.Died += OnDied;
    }

    /// <summary>Counts the incarnations.</summary>
    public int Number { get; }

    public SimulatedProcess Process { get; }

    /// <summary>Whether it serves, once that is known: false, when it has ended instead.</summary>
    public Task<bool> Serving => _serving.Task;

    public bool IsServing => Serving is { IsCompletedSuccessfully: true, Result: true } && !Process.IsDead;

    /// <summary>Completes when the process is gone, however it ended.</summary>
    public Task Exited => _exited.Task;

    /// <summary>Its actors; only once it serves.</summary>
    public BrokerSystem System { get; private set; } = null!;

    /// <summary>Its storage; only once it serves.</summary>
    public StorageEngine Storage { get; private set; } = null!;

    /// <summary>Counts the runs in the order in which they took over the metadata; only once it serves.</summary>
    public long Epoch { get; private set; }

    public Sabotage Sabotage => _ground.Sabotage;

    /// <summary>A failure that a process must not end with.</summary>
    public Exception? Fault { get; private set; }

    public static SimulatedNode Start(NodeGround ground, int number)
    {
        SimulatedNode node = new(ground, number);
        ground.World.Note(node.Process.Name, "start");
        node.Process.Post(_ => _ = node.MainAsync(), null);
        return node;
    }

    /// <summary>As SIGTERM does.</summary>
    public void RequestStop() => _stop.TrySetResult();

    private async Task MainAsync()
    {
        try
        {
            await ServeAsync();
            _ground.World.Note(Process.Name, "exit");
        }
        catch (StorageException cause)
        {
            _ground.World.Note(Process.Name, "exit-failed", cause.Kind.ToString());
            _ground.World.Trace.Remark(_ground.World.Elapsed, Process.Name, cause.Message);
        }
        catch (Exception cause)
        {
            Fault = cause;
        }

        Process.Kill();
    }

    private async Task ServeAsync()
    {
        StorageSources sources = new(Process.Clock, new SeededIdSource(_ground.World.Random.Next()), new Random(_ground.World.Random.Next()))
        {
            WalFiles = _ground.Disk.FolderOf(Process),
            WalTurns = SimulatedDisk.TurnsOf(Process),
        };
        ILogger log = _ground.Loggers.CreateLogger(Process.Name);
        Storage = await StorageEngine.OpenAsync(OpenStore(sources), _ground.Options, sources, log, CancellationToken.None);
        ActorSystem actors = ActorSystem.Create("broker", NodeSettings.Actors);
        System = await BrokerSystem.StartAsync(actors, Storage, _ground.Options, sources, _ground.Loggers);
        Epoch = Storage.Metadata.Image.NodeEpochs[_ground.Options.NodeId];
        _ground.World.Note(Process.Name, "serving", "", Epoch);
        _serving.TrySetResult(true);

        _ = StopWhenFencedAsync();
        await _stop.Task;
        _ground.World.Note(Process.Name, System.Fenced.IsCompleted ? "fenced" : "stopping");
        await System.StopAsync(_ground.Options.ShutdownTimeout / 2, log);
        await Storage.DisposeAsync();
    }

    private async Task StopWhenFencedAsync()
    {
        await System.Fenced;
        _stop.TrySetResult();
    }

    // As the executable composes it around a bucket, but for hedged reads, whose losers are cancelled on the thread pool; or bare, as around a folder.
    private IObjectStore OpenStore(StorageSources sources)
    {
        IObjectStore store = _ground.Sabotage.Decorate(new StoreClient(Process, _ground.Bucket, _ground.Weather));
        if (!_ground.IsStoreWrapped)
        {
            return store;
        }

        store = new ThrottlingObjectStore(store, new ThrottlingObjectStoreOptions { Time = sources.Clock });
        return new RetryingObjectStore(store, new RetryingObjectStoreOptions { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next() });
    }

    private void OnDied()
    {
        _ground.World.Note(Process.Name, "dead");
        _serving.TrySetResult(false);
        _exited.TrySetResult();
    }
}
