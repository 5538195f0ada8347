using System.Collections.Concurrent;
using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Coordination;

/// <summary>V1 to V3: what becomes of a node that is gone.</summary>
public sealed class FailoverActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentQueue<(WalId Log, long Epoch)> _fenced = new();
    private readonly ConcurrentDictionary<StreamId, int> _seats = new();
    private readonly PresentNodes _present = new();
    private readonly ListLogger _log = new();
    private readonly ManualResetEventSlim _seatsGoOn = new(true);
    private volatile bool _fencesFail;

    [Fact]
    public async Task V2_seats_are_looked_for_for_the_streams_of_a_node_that_is_gone_whose_log_is_fenced()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 4, records: 0);
        Start(ground, One);

        AwaitCondition(() => _seats.Count == 4 && ground.View.Current.Wals[LogOfTwo].IsFenced, Patience);
        Assert.Equal((LogOfTwo, 1), Assert.Single(_fenced));
        Assert.Equal([One], ground.View.Current.LiveNodes.Keys);
    }

    [Fact]
    public async Task Nobody_is_taken_for_gone_before_it_is_known_who_is_there()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        Start(ground);
        _present.Publish(new HashSet<NodeId> { One, Two });
        await ground.AskAsync<ProducerIdGiven>(GiveProducerId.Instance);

        Assert.Empty(_fenced);
        Assert.Equal(2, ground.View.Current.LiveNodes.Count);
        Assert.Empty(_seats);
    }

    [Fact]
    public async Task Log_that_cannot_be_fenced_is_tried_until_it_can()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        _fencesFail = true;
        Start(ground, One);
        AwaitCondition(() => _fenced.Count > 1, Patience);
        Assert.False(ground.View.Current.Wals[LogOfTwo].IsFenced);

        _fencesFail = false;

        AwaitCondition(() => ground.View.Current.Wals[LogOfTwo].IsFenced, Patience);
    }

    // As those of a node that was replaced as the coordinator: others are there whom it does not see.
    [Fact]
    public async Task V3_log_is_not_fenced_by_who_cannot_commit_that_its_node_has_left()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        ground.CommitsAreRefused = true;
        IActorRef failover = Start(ground, One);
        await ground.Client.Ask<CommandFailed>(new MarkNodeGone(Two, 1), Patience);
        failover.Tell(PresenceChanged.Instance);
        await ground.Client.Ask<CommandFailed>(new MarkNodeGone(Two, 1), Patience);
        Assert.Empty(_fenced);

        ground.CommitsAreRefused = false;

        AwaitCondition(() => ground.View.Current.Wals[LogOfTwo].IsFenced, Patience);
        Assert.Equal((LogOfTwo, 1), Assert.Single(_fenced));
    }

    // Commands of its node reach the next coordinator, which does what it is told.
    [Fact]
    public async Task V3_log_is_not_fenced_by_who_stands_beside_a_coordinator_that_was_replaced()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        IActorRef failover = Start(ground);
        MetadataLog log = await ground.OpenLogAsync();
        CoordinatorServices next = new(Two, TimeProvider.System, Guid.NewGuid, NullLogger.Instance, _ => { });
        ground.CoordinateBy(Sys.ActorOf(Props.Create(() => new CoordinatorActor(log, next))));
        _present.Publish(new HashSet<NodeId> { One });
        failover.Tell(PresenceChanged.Instance);

        AwaitCondition(() => _log.Lines.Any(line => line.Contains("cannot be fenced", StringComparison.Ordinal)), Patience);
        Assert.Empty(_fenced);
        Assert.False(ground.View.Current.Wals[LogOfTwo].IsFenced);
    }

    // As one that breaks, and that another one takes the place of.
    [Fact]
    public async Task Coordinator_that_does_not_answer_is_told_again_that_a_node_has_left()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        TestProbe beside = CreateTestProbe();
        FailoverServices services = new(ground.View, ground.Client, FenceAsync, Seat, _log) { CommitPatience = TimeSpan.FromMilliseconds(100) };
        _present.Publish(new HashSet<NodeId> { One });
        Sys.ActorOf(Props.Create(() => new FailoverActor(services, _present, beside.Ref)));
        CoordinatorRequest first = beside.ExpectMsg<CoordinatorRequest>(Patience);
        Assert.Equal(new MarkNodeGone(Two, 1), first.Command);

        CoordinatorRequest again = beside.ExpectMsg<CoordinatorRequest>(Patience);
        Assert.Equal(first, again);
        Assert.Empty(_fenced);
        beside.Reply(new CoordinatorAnswer(1, 2, null, null, [(again.Id, CommandDone.Instance)]));

        AwaitCondition(() => ground.View.Current.Wals[LogOfTwo].IsFenced, Patience);
    }

    [Fact]
    public async Task V1_log_of_a_node_that_has_started_anew_stays_its_own()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        _fencesFail = true;
        Start(ground, One);
        AwaitCondition(() => !_fenced.IsEmpty, Patience);
        _present.Publish(new HashSet<NodeId> { One, Two });
        await ground.RegisterAsync(Two, LogOfTwo);
        _fencesFail = false;

        // The fence that was decided before comes late.
        await ground.AskAsync<CommandDone>(new MarkWalFenced(LogOfTwo, _fenced.First().Epoch));

        Assert.False(ground.View.Current.Wals[LogOfTwo].IsFenced);
        Assert.Equal(2, ground.View.Current.LiveNodes[Two].Epoch);
    }

    // Checks that were due before the start became a member come late, when its registration is known.
    [Fact]
    public async Task V1_start_that_registers_while_checks_are_late_keeps_its_log()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        IActorRef failover = Start(ground, One);
        AwaitCondition(() => _seats.Count == 1, Patience);
        _seatsGoOn.Reset();
        WalId another = new(new Guid(3, 0, 0, new byte[8]));
        failover.Tell(PresenceChanged.Instance);
        _present.Publish(new HashSet<NodeId> { One, Two });
        await ground.RegisterAsync(Two, another);
        int before = _seats[ground.Streams[0]];

        _seatsGoOn.Set();

        AwaitCondition(() => _seats[ground.Streams[0]] > before + 2, Patience);
        Assert.Equal([LogOfTwo], _fenced.Select(fence => fence.Log).Distinct());
        Assert.Contains(Two, ground.View.Current.LiveNodes.Keys);
    }

    [Fact]
    public async Task L2_log_is_released_when_everybody_has_what_it_held()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        Start(ground, One);
        AwaitCondition(() => ground.View.Current.Wals[LogOfTwo].IsFenced, Patience);

        Assert.Empty((await ground.AskAsync<StreamsOpened>(new OpenStreams(One, 1, LogOfOne, [LogOfTwo], [new StreamOpening(ground.Streams[0], Offset.Zero, Offset.Zero)]))).Refused);

        AwaitCondition(() => !ground.View.Current.Wals.ContainsKey(LogOfTwo), Patience);
    }

    private IActorRef Start(ClusterGround ground, params NodeId[] present)
    {
        if (present.Length > 0)
        {
            _present.Publish(present.ToHashSet());
        }

        FailoverServices services = new(ground.View, ground.Client, FenceAsync, Seat, _log);
        IActorRef beside = ground.Coordinator;
        return Sys.ActorOf(Props.Create(() => new FailoverActor(services, _present, beside)));
    }

    private Task FenceAsync(AttachedWal wal, long epoch, CancellationToken cancellation)
    {
        _fenced.Enqueue((wal.WalId, epoch));
        return _fencesFail ? Task.FromException(new StorageException(StorageErrorKind.Unavailable, "test")) : Task.CompletedTask;
    }

    private void Seat(IReadOnlyList<StreamId> streams)
    {
        Assert.True(_seatsGoOn.Wait(Patience));
        foreach (StreamId stream in streams)
        {
            _seats.AddOrUpdate(stream, 1, (_, times) => times + 1);
        }
    }
}
