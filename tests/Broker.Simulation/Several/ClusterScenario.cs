using Broker.ObjectStore;
using Broker.Simulation.Clients;
using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.Simulation.Store;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging;

namespace Broker.Simulation.Several;

/// <summary>
/// One history of several brokers on one bucket: they are killed, paused, cut off and taken for dead, coordinators are doubled, partitions moved and led in two places, on a store that fails. After it
/// everything is at peace, and has to come right: L1 to L7, S1 to S3.
/// </summary>
internal sealed class ClusterScenario : IScenario
{
    // Far beyond what a healed system needs: the longest time-outs in it are thirty seconds.
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(5);

    // Requests that were late have arrived by then, and what was due to be uploaded and deleted is.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    // A blow falls in the middle of what goes on: at one of the next steps, not at a moment of rest.
    private const int MaxStepsToBlow = 150;

    // How long the slowest of what a drain waits for stays slow: that of several rounds.
    private static readonly (int MinMs, int MaxMs) SlowData = (10_000, 60_000);

    private enum Blow
    {
        Kill,
        Pause,
        TakeForDead,
        ElectAnother,
        Move,
        Double,
        Cut,
        Lose,
        Disconnect,

        /// <summary>What one node leads is given up together, while data objects take seconds: some of it is uploaded in time, and the rest is not.</summary>
        DrainSlowly,
    }

    private readonly SimulatedWorld _world;
    private readonly LogModel _model;
    private readonly MemberGround _ground;
    private readonly Members _members;
    private readonly TopicAdmin _admin;
    private readonly StoreAudit _audit;
    private readonly int _nodes;
    private readonly Blow[] _blows;
    private readonly List<(string Name, Task Task)> _clients = [];
    private readonly List<Action> _disconnects = [];
    private bool _isOver;

    public ClusterScenario(int seed, ILoggerFactory loggers, Sabotage sabotage)
    {
        _world = new SimulatedWorld(seed, maxSteps: 10_000_000);
        _model = new LogModel(_world);
        InMemoryObjectStore bucket = new(_world.Outside.Clock);
        _ground = new MemberGround(
            _world, bucket, new StoreWeather(_world), new Network(_world), NodeSettings.Draw(Actors.Configuration.WalKind.Bucket, _world.Random), loggers, _world.Chance(500), sabotage);
        _nodes = _world.Random.Next(2, 4);
        _members = new Members(_ground, _nodes);
        _blows = Swarm.Draw<Blow>(_world);
        _admin = new TopicAdmin(_world, new AnyMember(_members));
        _audit = new StoreAudit(bucket, _ground.Weather, _ground.Options.Storage.MetadataSnapshotEveryCommits);
    }

    public SimulatedWorld World => _world;

    public ScenarioResult Run()
    {
        _world.Note("scenario", "cluster", "", _nodes);
        _world.Run(MainAsync);
        return new ScenarioResult(_world.Trace.Hash, _world.Steps, _model.Acknowledged, _model.Read, _members.Started, _audit.Latecomers);
    }

    private async Task MainAsync()
    {
        for (int node = 1; node <= _nodes; node++)
        {
            NodeId id = new(node);
            _ = _world.Spawn(() => _members.SuperviseAsync(id));
        }

        _ = _world.Spawn(ObserveAsync);
        TopicModel topic = _model.AddTopic("topic", _world.Random.Next(1, 6), TopicRules.Draw(_world));
        await _admin.CreateAsync(topic);
        foreach (PartitionModel partition in topic.Partitions)
        {
            StartClients(partition);
        }

        _ = _world.Spawn(_ground.Weather.ChangeAsync);
        _ = _world.Spawn(RageAsync);
        await _world.DelayAsync(_world.Between(5_000, 40_000));
        _isOver = true;
        _ground.Weather.Settle();
        _ground.Network.Heal();
        await EndAsync();
    }

    private void StartClients(PartitionModel partition)
    {
        LeaderOf leader = new(_world, _members, () => StreamOf(partition));
        int writers = _world.Random.Next(1, 3);
        for (int i = 0; i < writers; i++)
        {
            PartitionWriter writer = new(_world, leader, partition, _model.AddWriter(isIdempotent: _world.Chance(800)), beginsWithOne: true);
            _disconnects.Add(writer.Disconnect);
            _clients.Add(($"a writer of {partition.Name}", _world.Spawn(() => writer.RunAsync(() => _isOver))));
        }

        PartitionReader reader = new(_world, leader, partition);
        _disconnects.Add(reader.Disconnect);
        _clients.Add(($"the reader of {partition.Name}", _world.Spawn(() => reader.RunAsync(() => _isOver))));
    }

    private StreamId? StreamOf(PartitionModel partition) => _members.NewestImage.FindTopic(partition.Topic.Id)?.Partitions[partition.Index];

    private async Task RageAsync()
    {
        int maxPauseMs = _world.Random.Next(500, 8_000);
        while (!_isOver)
        {
            await _world.DelayAsync(_world.Between(100, maxPauseMs));
            TaskCompletionSource came = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _world.AfterSteps(_world.Random.Next(MaxStepsToBlow), came.SetResult);
            await came.Task;
            if (!_isOver && _members.Alive.Count > 0)
            {
                Strike(_members.Alive[_world.Random.Next(_members.Alive.Count)]);
            }
        }
    }

    private void Strike(Member victim)
    {
        switch (_blows[_world.Random.Next(_blows.Length)])
        {
            case Blow.Kill:
                _world.Note("chaos", "kill", victim.Process.Name);
                victim.Process.Kill();
                break;
            case Blow.Pause:
                TimeSpan time = _world.Between(100, 20_000);
                _world.Note("chaos", "pause", victim.Process.Name, (long)time.TotalMilliseconds);
                victim.Process.Pause(time);
                break;
            case Blow.TakeForDead:
                _members.Remove(victim);
                break;
            case Blow.ElectAnother:
                _members.ElectAnother();
                break;
            case Blow.Move:
                _members.MoveAny();
                break;
            case Blow.Double:
                _members.DoubleAny();
                break;
            case Blow.Cut when _members.Coordinator is { } coordinator:
                _world.Note("chaos", "cut", victim.Process.Name);
                _ground.Network.Cut(victim.Process, coordinator.Process);
                _ground.Network.Cut(coordinator.Process, victim.Process);
                break;
            case Blow.Lose:
                _ground.Network.Heal();
                _ground.Network.LostPerThousand = _world.Random.Next(3) * 100;
                break;
            case Blow.DrainSlowly:
                _ground.Weather.SlowDown("data/", _world.Between(SlowData.MinMs, SlowData.MaxMs));
                _members.MoveAllOf(victim);
                break;
            default:
                _disconnects.ForEach(one => one());
                break;
        }
    }

    private async Task EndAsync()
    {
        await UntilAsync(() => _clients.All(client => client.Task.IsCompleted), () => string.Join(", ", _clients.Where(client => !client.Task.IsCompleted).Select(client => client.Name)) + $"; {_members.State}");
        await UntilAsync(() => _members.IsWhole, () => $"the cluster is not whole: {_members.State}");
        await CheckAsync();
        foreach (Member member in _members.Alive.ToArray())
        {
            member.Process.Kill();
        }

        await UntilAsync(() => _members.IsWhole, () => $"the cluster that was restarted is not whole: {_members.State}");
        await CheckAsync();
        await _world.DelayAsync(Rest);
        await UntilAsync(() => _members.IsWhole, () => $"the cluster is not whole: {_members.State}");
        _audit.Check(_members.NewestImage, _world.Outside.Clock.GetUtcNow(), _ground.Options.Topics.DeleteDelay, _members.Started);
        _members.End();
    }

    private async Task CheckAsync()
    {
        _members.IsAtPeace = true;
        await _admin.CheckTopicsAsync(_model);
        foreach (PartitionModel partition in _model.Topics.SelectMany(topic => topic.Partitions))
        {
            await new PartitionReader(_world, new LeaderOf(_world, _members, () => StreamOf(partition)), partition).ReadWholeAsync();
        }

        _members.IsAtPeace = false;
    }

    private async Task UntilAsync(Func<bool> condition, Func<string> otherwise)
    {
        TimeSpan deadline = _world.Elapsed + Recovery;
        while (!condition())
        {
            if (_world.Elapsed > deadline)
            {
                throw new ViolationException($"L7: no way on, {Recovery} after all faults: {otherwise()}");
            }

            await _world.DelayAsync(Glance);
        }
    }

    private async Task ObserveAsync()
    {
        while (!_isOver)
        {
            _audit.Observe(_members.NewestImage);
            await _world.DelayAsync(TimeSpan.FromMilliseconds(100));
        }
    }
}
