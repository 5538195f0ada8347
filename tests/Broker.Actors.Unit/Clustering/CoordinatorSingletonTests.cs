using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Broker.Actors.Clustering;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Clustering;

/// <summary>V3: whom the oldest node takes for gone.</summary>
public sealed class CoordinatorSingletonTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // Checks that follow each other: what was to be fenced has been by then.
    private const int SomeChecks = 4;

    private readonly ActorSystem _system = ActorSystem.Create("broker", ConfigurationFactory.ParseString(
        "akka { actor.provider = cluster, remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }, cluster { roles = [\"node-1\"], run-coordinated-shutdown-when-down = off } }"));

    private readonly ConcurrentQueue<WalId> _fenced = new();
    private int _checks;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _system.Terminate();

    // Such a node hears that all members are removed, those that have taken over from it too.
    [Fact]
    public async Task V3_node_whose_part_in_the_cluster_has_ended_takes_nobody_for_gone()
    {
        ClusterGround ground = await CreateAsync(_system, streams: 1, records: 0);
        Cluster cluster = Cluster.Get(_system);
        cluster.Join(cluster.SelfAddress);
        Start(ground);
        await UntilAsync(() => ground.View.Current.Wals[LogOfTwo].IsFenced);

        cluster.Down(cluster.SelfAddress);
        await UntilAsync(() => cluster.IsTerminated);

        int before = Volatile.Read(ref _checks);
        await UntilAsync(() => Volatile.Read(ref _checks) >= before + SomeChecks);
        Assert.Equal([LogOfTwo], _fenced);
        Assert.Equal([One], ground.View.Current.LiveNodes.Keys);
    }

    private void Start(ClusterGround ground)
    {
        CoordinatorHostServices host = new(ground.OpenLogAsync, new CoordinatorServices(One, TimeProvider.System, Guid.NewGuid, NullLogger.Instance, _ => { }), NullLogger.Instance);
        FailoverServices failover = new(ground.View, ground.Client, FenceAsync, _ => Interlocked.Increment(ref _checks), NullLogger.Instance);
        Action<IActorRefFactory> noOthers = _ => { };
        ground.CoordinateBy(_system.ActorOf(Props.Create(() => new CoordinatorSingleton(host, failover, new ClusterLoads(), noOthers))));
    }

    private Task FenceAsync(AttachedWal wal, long epoch, CancellationToken cancellation)
    {
        _fenced.Enqueue(wal.WalId);
        return Task.CompletedTask;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
