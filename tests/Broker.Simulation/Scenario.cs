using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.Simulation.Clients;
using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.Simulation.Store;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Microsoft.Extensions.Logging;

namespace Broker.Simulation;

/// <summary>How a run departs from an honest one, so that the tests of the simulation see it fail.</summary>
/// <param name="Decorate">Puts something between each run of the node and the store.</param>
/// <param name="DiskLies">The disk says that it has synced, and has not.</param>
/// <param name="Tamper">Changes requests of clients on their way to a node, and with them their answers on their way back: then the second is there.</param>
internal sealed record Sabotage(Func<IObjectStore, IObjectStore> Decorate, bool DiskLies = false, Action<IKafkaRequest, IKafkaResponse?>? Tamper = null)
{
    public static readonly Sabotage None = new(store => store);
}

/// <summary>
/// One history, wholly decided by its seed: a node that is killed, paused, followed and stopped on a store and a disk that fail, topics that come and go,
/// producers and consumers. After it everything is at peace, and has to come right.
/// </summary>
internal sealed class Scenario : IScenario
{
    // Far beyond what a healed system needs: the longest time-outs in it are thirty seconds.
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(5);

    // Requests that were late have arrived by then, and what was due to be uploaded and deleted is.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    private readonly SimulatedWorld _world;
    private readonly LogModel _model;
    private readonly NodeGround _ground;
    private readonly Cluster _cluster;
    private readonly Chaos _chaos;
    private readonly TopicAdmin _admin;
    private readonly StoreAudit _audit;
    private readonly List<(string Name, Task Task)> _clients = [];
    private readonly List<OffsetCommitter> _committers = [];
    private bool _isOver;

    public Scenario(int seed, ILoggerFactory loggers, Sabotage sabotage)
    {
        _world = new SimulatedWorld(seed);
        _model = new LogModel(_world);
        WalKind kind = _world.Chance(500) ? WalKind.Disk : WalKind.Bucket;
        InMemoryObjectStore bucket = new(_world.Outside.Clock);
        _ground = new NodeGround(
            _world, bucket, new StoreWeather(_world), new SimulatedDisk(_world, sabotage.DiskLies), NodeSettings.Draw(kind, _world.Random), loggers, _world.Chance(500), sabotage);
        _cluster = new Cluster(_ground);
        _chaos = new Chaos(_world, _cluster, _ground);
        _admin = new TopicAdmin(_world, _cluster);
        _audit = new StoreAudit(bucket, _ground.Weather, _ground.Options.Storage.MetadataSnapshotEveryCommits);
    }

    public SimulatedWorld World => _world;

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="ViolationException">A promise was broken.</exception>
    public ScenarioResult Run()
    {
        _world.Note("scenario", _ground.Options.Storage.WalKind.ToString());
        _world.Run(MainAsync);
        return new ScenarioResult(_world.Trace.Hash, _world.Steps, _model.Acknowledged, _model.Read, _cluster.Started, _audit.Latecomers);
    }

    private async Task MainAsync()
    {
        _ = _world.Spawn(_cluster.SuperviseAsync);
        _ = _world.Spawn(ObserveAsync);
        int topics = _world.Random.Next(1, 3);
        for (int i = 0; i < topics; i++)
        {
            string name = $"topic-{i}";
            _ = SpawnClient(name, () => LiveAsync(name));
        }

        // Most histories are of topics; some, of a node that does not get so far as to have any.
        while (_world.Chance(950) && _model.Topics.All(topic => topic.Id == Guid.Empty))
        {
            await _world.DelayAsync(_world.Between(1, 500));
        }

        _ = _world.Spawn(_ground.Weather.ChangeAsync);
        _ = _world.Spawn(_chaos.RageAsync);
        await _world.DelayAsync(_world.Between(5_000, 40_000));
        _isOver = true;
        _chaos.End();
        _ground.Disk.Heal();
        _ground.Weather.Settle();
        await EndAsync();
    }

    private async Task EndAsync()
    {
        TimeSpan deadline = _world.Elapsed + Recovery;
        while (_clients.Any(client => !client.Task.IsCompleted))
        {
            if (_world.Elapsed > deadline)
            {
                string stuck = string.Join(", ", _clients.Where(client => !client.Task.IsCompleted).Select(client => client.Name));
                throw new ViolationException($"L7: {stuck} get nowhere, {Recovery} after all faults");
            }

            await _world.DelayAsync(TimeSpan.FromMilliseconds(500));
        }

        await CheckAsync();

        // While the log cache has the records as they were written, and by the run that finds what has become of them.
        await CheckCleanedAsync();
        await RestartAsync();
        await CheckAsync();
        await _world.DelayAsync(Rest);
        SimulatedNode node = await _cluster.NewestServingAsync();
        _audit.Check(node.Storage.Metadata.Image, _world.Outside.Clock.GetUtcNow(), _ground.Options.Topics.DeleteDelay, _cluster.Started);
        await CheckAsync();
        await CheckCleanedAsync();
        _cluster.End();
    }

    private async Task RestartAsync()
    {
        if (_world.Chance(500))
        {
            _cluster.Crash(losesPower: _world.Chance(500));
        }
        else
        {
            await _chaos.StopAsync(await _cluster.NewestServingAsync());
        }
    }

    private async Task CheckAsync()
    {
        await _admin.CheckTopicsAsync(_model);
        foreach (PartitionModel partition in _model.Topics.Where(topic => !topic.IsDeleting).SelectMany(topic => topic.Partitions))
        {
            await new PartitionReader(_world, _cluster, partition).ReadWholeAsync();
        }

        foreach (OffsetCommitter committer in _committers)
        {
            await committer.CheckAsync();
        }
    }

    private async Task CheckCleanedAsync()
    {
        PartitionModel[] compacted = [.. _model.Topics.Where(topic => !topic.IsDeleting && topic.Rules.IsCompacted).SelectMany(topic => topic.Partitions)];
        if (compacted.Length == 0 || !_ground.Options.Compaction.Enabled)
        {
            return;
        }

        foreach (PartitionModel partition in compacted)
        {
            TimeSpan deadline = _world.Elapsed + Recovery;
            while (partition.KeyThatIsThereTwice(await new PartitionReader(_world, _cluster, partition).ReadWholeAsync()) is { } key && partition.Topic.Rules.IsCleanedAtOnce)
            {
                if (_world.Elapsed > deadline)
                {
                    throw new ViolationException($"L10: key {key} of {partition.Name} is there twice, {Recovery} after all was at rest");
                }

                await _world.DelayAsync(TimeSpan.FromSeconds(1));
            }
        }
    }

    // A topic's life, and of those that follow it under its name.
    private async Task LiveAsync(string name)
    {
        bool goesOn = true;
        while (goesOn)
        {
            TopicModel topic = _model.AddTopic(name, _world.Random.Next(1, 4), TopicRules.Draw(_world));
            await _admin.CreateAsync(topic);
            List<Task> clients = [.. topic.Partitions.SelectMany(StartClients)];
            goesOn = !_isOver && _world.Chance(400);
            if (goesOn)
            {
                await _world.DelayAsync(_world.Between(500, 15_000));
                await _admin.DeleteAsync(topic);
            }

            foreach (Task client in clients)
            {
                await client;
            }
        }
    }

    private IEnumerable<Task> StartClients(PartitionModel partition)
    {
        int writers = _world.Random.Next(1, 3);
        for (int i = 0; i < writers; i++)
        {
            PartitionWriter writer = new(_world, _cluster, partition, _model.AddWriter(isIdempotent: _world.Chance(800)));
            _chaos.Add(writer);
            yield return SpawnClient($"a writer of {partition.Name}", () => writer.RunAsync(() => _isOver));
        }

        if (_world.Chance(250))
        {
            OffsetCommitter committer = new(_world, _cluster, new OffsetModel($"group-{_committers.Count}", partition));
            _committers.Add(committer);
            _chaos.Add(committer);
            yield return SpawnClient($"a consumer of {partition.Name}", () => committer.RunAsync(() => _isOver));
        }

        if (partition.Topic.Rules.IsDeleted && _world.Chance(250))
        {
            RecordDeleter deleter = new(_world, _cluster, partition);
            _chaos.Add(deleter);
            yield return SpawnClient($"the deleter of {partition.Name}", () => deleter.RunAsync(() => _isOver));
        }

        PartitionReader reader = new(_world, _cluster, partition);
        _chaos.Add(reader);
        yield return SpawnClient($"the reader of {partition.Name}", () => reader.RunAsync(() => _isOver));
    }

    private Task SpawnClient(string name, Func<Task> work)
    {
        Task task = _world.Spawn(work);
        _clients.Add((name, task));
        return task;
    }

    private async Task ObserveAsync()
    {
        while (!_isOver)
        {
            if (_cluster.Newest is { IsServing: true } node)
            {
                _audit.Observe(node.Storage.Metadata.Image);
            }

            await _world.DelayAsync(TimeSpan.FromMilliseconds(100));
        }
    }
}

/// <summary>What a run came to.</summary>
/// <param name="TraceHash">Of all that happened, in order.</param>
/// <param name="Starts">Runs of the node.</param>
/// <param name="Latecomers">See <see cref="StoreAudit.Latecomers"/>.</param>
internal sealed record ScenarioResult(ulong TraceHash, long Steps, long Acknowledged, long Read, int Starts, int Latecomers);
