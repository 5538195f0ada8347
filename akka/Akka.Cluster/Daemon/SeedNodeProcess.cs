using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>
/// Asks the seed nodes for a cluster until one knows of it. The first seed node begins a cluster by itself, when all
/// others say that they are in none, or have not answered in time.
/// </summary>
internal sealed class SeedNodeProcess : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);

    private readonly Cluster _cluster;
    private readonly ImmutableList<Address> _others;
    private readonly bool _isFirst;
    private readonly HashSet<Address> _withoutCluster = [];

    public SeedNodeProcess(Cluster cluster, ImmutableList<Address> seeds)
    {
        _cluster = cluster;
        _isFirst = seeds[0] == cluster.SelfAddress;
        _others = seeds.Remove(cluster.SelfAddress);
        Receive<InitJoinAck>(ack => Found(ack.Address));
        Receive<InitJoinNack>(nack => HasNone(nack.Address));
        Receive<Tick>(tick => OnTick(tick));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private enum Tick
    {
        Ask,
        TimeIsUp,
    }

    protected override void PreStart()
    {
        Ask();
        Timers.StartPeriodicTimer(Tick.Ask, Tick.Ask, AskInterval);
        Timers.StartPeriodicTimer(Tick.TimeIsUp, Tick.TimeIsUp, _cluster.Settings.SeedNodeTimeout);
    }

    private void OnTick(Tick tick)
    {
        if (tick == Tick.Ask)
        {
            Ask();
        }
        else if (_isFirst)
        {
            Found(_cluster.SelfAddress);
        }
        else
        {
            _cluster.Log.Warning(
                "Cluster node [{0}]: couldn't join seed nodes after {1}, will try again. seed-nodes=[{2}]",
                _cluster.SelfAddress, _cluster.Settings.SeedNodeTimeout, string.Join(", ", _others));
        }
    }

    private void Ask()
    {
        foreach (Address seed in _others)
        {
            _cluster.Provider.ResolveActorRef(ClusterDaemon.CorePath(seed)).Tell(InitJoin.Instance, Self);
        }
    }

    private void HasNone(Address seed)
    {
        _withoutCluster.Add(seed);
        if (_isFirst && _others.All(_withoutCluster.Contains))
        {
            Found(_cluster.SelfAddress);
        }
    }

    private void Found(Address by)
    {
        Context.Parent.Tell(new SeedAnswered(by));
        Context.Stop(Self);
    }
}
