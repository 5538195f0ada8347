using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Broker.Actors.Clustering;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Clustering;

/// <summary>The log of a node that does not answer is read before it is known whether that node is gone.</summary>
public sealed class LogsAheadActorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly LogsAhead _ahead = new();
    private readonly ConcurrentQueue<(WalId Log, CancellationToken End)> _reads = new();

    // Its one member is node 2.
    private readonly ActorSystem _system = ActorSystem.Create("ahead", ConfigurationFactory.ParseString(
        "akka { loglevel = OFF, actor.provider = cluster, remote.dot-netty.tcp { hostname = \"127.0.0.1\", port = 0 }, cluster.roles = [\"node-2\"] }"));

    private TaskCompletionSource? _readsWait;

    public async Task InitializeAsync()
    {
        Cluster cluster = Cluster.Get(_system);
        cluster.Join(cluster.SelfAddress);
        await UntilAsync(() => cluster.SelfMember.Status == MemberStatus.Up);
    }

    public Task DisposeAsync() => _system.Terminate();

    [Fact]
    public async Task Log_of_a_node_that_does_not_answer_is_read_once()
    {
        ClusterGround ground = await CreateAsync(_system, streams: 1, records: 3);
        IActorRef actor = Start(ground);
        Assert.Null(_ahead.Of(LogOfTwo));

        actor.Tell(new ClusterEvent.UnreachableMember(Cluster.Get(_system).SelfMember));
        actor.Tell(new ClusterEvent.UnreachableMember(Cluster.Get(_system).SelfMember));

        await UntilAsync(() => _ahead.Of(LogOfTwo)?.Count >= 3);
        Assert.Equal([LogOfTwo], _reads.Select(read => read.Log));
    }

    [Fact]
    public async Task What_was_read_is_let_go_of_when_the_node_answers_and_the_reading_ends()
    {
        ClusterGround ground = await CreateAsync(_system, streams: 1, records: 3);
        _readsWait = new TaskCompletionSource();
        IActorRef actor = Start(ground);
        actor.Tell(new ClusterEvent.UnreachableMember(Cluster.Get(_system).SelfMember));
        await UntilAsync(() => !_reads.IsEmpty);

        actor.Tell(new ClusterEvent.ReachableMember(Cluster.Get(_system).SelfMember));

        await UntilAsync(() => _ahead.Of(LogOfTwo) is null);
        await UntilAsync(() => _reads.Single().End.IsCancellationRequested);

        // The next silence begins anew, whatever becomes of the reading before.
        actor.Tell(new ClusterEvent.UnreachableMember(Cluster.Get(_system).SelfMember));
        await UntilAsync(() => _reads.Count == 2);
        _readsWait.SetResult();
        await UntilAsync(() => _ahead.Of(LogOfTwo)?.Count >= 3);
    }

    [Fact]
    public async Task What_was_read_is_let_go_of_when_the_log_is_released()
    {
        ClusterGround ground = await CreateAsync(_system, streams: 1, records: 0);
        IActorRef actor = Start(ground);
        actor.Tell(new ClusterEvent.UnreachableMember(Cluster.Get(_system).SelfMember));
        await UntilAsync(() => _ahead.Of(LogOfTwo) is not null);

        await ground.AskAsync<CommandDone>(new ReleaseNode(Two, 1, LogOfTwo));

        await UntilAsync(() => _ahead.Of(LogOfTwo) is null);
    }

    private IActorRef Start(ClusterGround ground)
    {
        LogsAheadServices services = new(ground.View, _ahead, (wal, slots, end) => ReadAsync(ground, wal, slots, end), NullLogger.Instance);
        return _system.ActorOf(Props.Create(() => new LogsAheadActor(services)));
    }

    private async Task ReadAsync(ClusterGround ground, AttachedWal wal, SlotsAhead slots, CancellationToken end)
    {
        _reads.Enqueue((wal.WalId, end));
        await (_readsWait?.Task ?? Task.CompletedTask);
        await OtherWals.ReadAheadAsync(ground.Bucket, wal, slots, end);
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
