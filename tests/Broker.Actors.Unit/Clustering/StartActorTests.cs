using Akka.Actor;
using Akka.Configuration;
using Broker.Actors.Clustering;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.TestSupport.Storage;

namespace Broker.Actors.Unit.Clustering;

/// <summary>What a start says to others.</summary>
public sealed class StartActorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly InMemoryObjectStore _store = new();
    private readonly ActorSystem _system = ActorSystem.Create("broker", ConfigurationFactory.ParseString("akka { actor.provider = cluster, remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 } }"));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _system.Terminate();

    // Who is not found uses another bucket, and is refused; of a bucket that does not answer nobody can tell.
    [Fact]
    public async Task Start_is_found_in_the_bucket_or_not_or_the_bucket_does_not_say()
    {
        NodeEntry entry = new(new NodeId(2), Guid.NewGuid(), "127.0.0.1:2", 0);
        bool isAway = false;
        NodeRegistry registry = new(new FaultyObjectStore(_store, (_, _, _) => Volatile.Read(ref isAway) ? Fault.Refuse : Fault.None));
        NodeEntry mine = new(new NodeId(1), Guid.NewGuid(), "127.0.0.1:1", 0);
        IActorRef start = _system.ActorOf(Props.Create(() => new StartActor(mine, registry, TimeProvider.System)));

        Assert.False(await FindsAsync());
        await registry.RegisterAsync(entry, null, default);
        Assert.True(await FindsAsync());
        Volatile.Write(ref isAway, true);
        Assert.Null(await FindsAsync());

        async Task<bool?> FindsAsync() => (await start.Ask<StartIsSought>(new LookForStart(entry.Node, entry.Incarnation), Patience)).IsFound;
    }
}
