using Broker.Simulation.Model;

namespace Broker.Simulation.Node;

/// <summary>The runs of the one node: the newest, and those before it that may still work.</summary>
internal sealed class Cluster(NodeGround ground) : IBrokers
{
    // How soon a client, or whoever restarts the node, looks again.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    // A minute of chaos takes some dozen; a store that is away, as many again.
    private const int MaxStarts = 200;

    private readonly List<SimulatedNode> _alive = [];
    private bool _losesPower;
    private bool _isEnding;
    private int _started;

    /// <summary>Of the runs that have come to serve, the one that took over the metadata last.</summary>
    public SimulatedNode? Newest { get; private set; }

    IReachable? IBrokers.Newest => Newest;

    async Task<IReachable> IBrokers.NewestServingAsync() => await NewestServingAsync();

    async Task<IReachable> IBrokers.AnyServingAsync() => await AnyServingAsync();

    /// <summary>Runs that were started.</summary>
    public int Started => _started;

    public IReadOnlyList<SimulatedNode> Alive => _alive;

    /// <summary>Starts the node again whenever the newest run of it is gone. (Others, that were followed and have not noticed, may be left.)</summary>
    public async Task SuperviseAsync()
    {
        while (!_isEnding)
        {
            if (Newest is not { IsServing: true } && _alive.All(node => node.Serving.IsCompleted))
            {
                await ground.World.DelayAsync(ground.World.Between(0, 1500));
                if (ground.Disk.IsLeft)
                {
                    ground.Disk.Restart(_losesPower);
                    _losesPower = false;
                }

                if (Start().Number > MaxStarts)
                {
                    throw new ViolationException($"L7: {MaxStarts} starts, and the node does not serve");
                }
            }

            await ground.World.DelayAsync(Glance);
        }
    }

    /// <summary>Starts one more run, whether or not another lives.</summary>
    public SimulatedNode Start()
    {
        SimulatedNode node = SimulatedNode.Start(ground, ++_started);
        _alive.Add(node);
        _ = ground.World.Spawn(() => WatchAsync(node));
        return node;
    }

    /// <summary>Kills every run, and with power lost what the disk had not synced.</summary>
    public void Crash(bool losesPower)
    {
        _losesPower |= losesPower;
        foreach (SimulatedNode node in _alive.ToArray())
        {
            node.Process.Kill();
        }
    }

    /// <summary>Nothing is started any more.</summary>
    public void End() => _isEnding = true;

    /// <summary>The newest run that serves, as soon as there is one.</summary>
    public async Task<SimulatedNode> NewestServingAsync()
    {
        while (Newest is not { IsServing: true })
        {
            await ground.World.DelayAsync(Glance);
        }

        return Newest;
    }

    /// <summary>Any run that serves: now and then one that was followed.</summary>
    public async Task<SimulatedNode> AnyServingAsync()
    {
        SimulatedNode newest = await NewestServingAsync();
        SimulatedNode[] others = [.. _alive.Where(node => node.IsServing && node != newest)];
        return others.Length > 0 && ground.World.Chance(300) ? others[^1] : newest;
    }

    private async Task WatchAsync(SimulatedNode node)
    {
        if (await node.Serving)
        {
            Newest = Newest is null || Newest.Epoch < node.Epoch ? node : Newest;
        }

        await node.Exited;
        _alive.Remove(node);
        if (node.Fault is { } fault)
        {
            throw new ViolationException($"{node.Process.Name} ended with {fault}");
        }
    }
}
