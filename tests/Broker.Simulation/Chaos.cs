using Broker.Actors.Configuration;
using Broker.Simulation.Clients;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation;

/// <summary>What happens to the node, its disk and its clients' connections, by the seed.</summary>
internal sealed class Chaos(SimulatedWorld world, Cluster cluster, NodeGround ground)
{
    // A blow falls in the middle of what goes on: at one of the next steps, not at a moment of rest.
    private const int MaxStepsToBlow = 150;

    private readonly Blow[] _blows = Swarm.Draw<Blow>(world);
    private readonly List<Action> _disconnects = [];
    private bool _isOver;

    private enum Blow
    {
        Kill,
        CutPower,
        Stop,
        Pause,
        StartAnother,
        CrashOnDisk,
        FailDisk,
        Disconnect,
    }

    /// <summary>A client whose connections may be cut.</summary>
    public void Add(PartitionWriter writer) => _disconnects.Add(writer.Disconnect);

    public void Add(PartitionReader reader) => _disconnects.Add(reader.Disconnect);

    public void Add(RecordDeleter deleter) => _disconnects.Add(deleter.Disconnect);

    public void Add(OffsetCommitter committer) => _disconnects.Add(committer.Disconnect);

    public async Task RageAsync()
    {
        int maxPauseMs = world.Random.Next(1000, 15_000);
        while (!_isOver)
        {
            await world.DelayAsync(world.Between(200, maxPauseMs));
            if (_isOver)
            {
                return;
            }

            TaskCompletionSource came = new(TaskCreationOptions.RunContinuationsAsynchronously);
            world.AfterSteps(world.Random.Next(MaxStepsToBlow), came.SetResult);
            await came.Task;
            await StrikeAsync();
        }
    }

    public void End() => _isOver = true;

    private async Task StrikeAsync()
    {
        SimulatedNode? newest = cluster.Alive.Count > 0 ? cluster.Alive[^1] : null;
        switch (_blows[world.Random.Next(_blows.Length)])
        {
            case Blow.Kill:
                world.Note("chaos", "kill");
                cluster.Crash(losesPower: false);
                break;
            case Blow.CutPower:
                world.Note("chaos", "power");
                cluster.Crash(losesPower: true);
                break;
            case Blow.Stop when newest is not null:
                world.Note("chaos", "stop", newest.Process.Name);
                await StopAsync(newest);
                break;
            case Blow.Pause when newest is not null:
                await PauseAsync(newest);
                break;
            case Blow.StartAnother:
                world.Note("chaos", "start-another");
                cluster.Start();
                break;
            case Blow.CrashOnDisk when ground.Options.Storage.WalKind == WalKind.Disk:
                world.Note("chaos", "crash-on-disk");
                ground.Disk.CrashSoon();
                break;
            case Blow.FailDisk when ground.Options.Storage.WalKind == WalKind.Disk:
                await ground.Disk.FailAsync(world.Between(10, 5000));
                break;
            default:
                world.Note("chaos", "disconnect");
                _disconnects.ForEach(one => one());
                break;
        }
    }

    /// <summary>Stops a run as SIGTERM does, and kills it when that takes too long.</summary>
    public async Task StopAsync(SimulatedNode node)
    {
        node.RequestStop();
        for (int i = 0; i < 100 && !node.Process.IsDead; i++)
        {
            await world.DelayAsync(TimeSpan.FromMilliseconds(200));
        }

        node.Process.Kill();
    }

    private async Task PauseAsync(SimulatedNode node)
    {
        TimeSpan time = world.Between(100, 30_000);
        bool isFollowed = world.Chance(500);
        world.Note("chaos", isFollowed ? "pause-and-follow" : "pause", node.Process.Name, (long)time.TotalMilliseconds);
        node.Process.Pause(time);
        if (isFollowed)
        {
            await world.DelayAsync(time * world.Random.NextDouble());
            cluster.Start();
        }
    }
}
