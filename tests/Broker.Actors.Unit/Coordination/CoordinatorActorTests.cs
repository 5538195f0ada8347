using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>C1 and C3 to C5: what commands are answered, and when.</summary>
public sealed class CoordinatorActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly InMemoryObjectStore _store = new();
    private readonly TestProbe _client;
    private long _requests;
    private volatile bool _storeIsAway;
    private volatile bool _putsAreLost;

    // Until this completes, PUTs are under way.
    private TaskCompletionSource? _landing;

    public CoordinatorActorTests() => _client = CreateTestProbe();

    [Fact]
    public async Task C1_success_is_answered_when_another_that_opens_the_log_finds_the_change()
    {
        IActorRef coordinator = await StartAsync();
        Ask(coordinator, Make("t"));

        CoordinatorAnswer committed = _client.ExpectMsg<CoordinatorAnswer>(Patience);

        Assert.NotNull(committed.Image!.FindTopic("t"));
        Assert.Equal((committed.Image.Version, 1), (committed.Version, committed.Batch!.Events.OfType<TopicCreated>().Count()));
        Assert.Equal((1, ErrorCode.None), (committed.Replies.Single().Id, ((TopicsChanged)committed.Replies.Single().Reply).Results.Single().Error));
        using MetadataLog other = await OpenAsync();
        Assert.NotNull(other.Image.FindTopic("t"));
    }

    [Fact]
    public async Task C1_failed_commit_is_answered_so_and_what_it_planned_is_forgotten()
    {
        IActorRef coordinator = await StartAsync();
        _storeIsAway = true;
        for (int i = 0; i < 3; i++)
        {
            Ask(coordinator, Make("t"));
        }

        for (int answered = 0; answered < 3;)
        {
            IReadOnlyList<(long, object Reply)> failures = _client.ExpectMsg<CoordinatorAnswer>(Patience).Replies;
            Assert.All(failures, failure => Assert.Equal((StorageErrorKind.Unavailable, false), Outcome((CommandFailed)failure.Reply)));
            answered += failures.Count;
        }

        _storeIsAway = false;
        Ask(coordinator, Make("t"));

        CoordinatorAnswer committed = _client.ExpectMsg<CoordinatorAnswer>(Patience);
        Assert.Equal(ErrorCode.None, ((TopicsChanged)committed.Replies.Single().Reply).Results.Single().Error);
    }

    [Fact]
    public async Task M5_commit_in_doubt_that_holds_is_shown_when_that_is_known_and_commands_succeed_again()
    {
        IActorRef coordinator = await StartAsync();
        (_storeIsAway, _putsAreLost) = (true, true);
        Ask(coordinator, Make("in-doubt"));
        Assert.Equal((StorageErrorKind.Unavailable, true), Outcome(Failure()));
        (_storeIsAway, _putsAreLost) = (false, false);
        Ask(coordinator, Make("t"));
        Assert.Equal((StorageErrorKind.Unavailable, false), Outcome(Failure()));

        CoordinatorAnswer found = _client.ExpectMsg<CoordinatorAnswer>(Patience);
        Assert.Empty(found.Replies);
        Assert.NotNull(found.Image!.FindTopic("in-doubt"));
        Ask(coordinator, Make("t"));

        Assert.NotNull(_client.ExpectMsg<CoordinatorAnswer>(Patience).Image!.FindTopic("t"));
    }

    [Fact]
    public async Task C4_commit_in_doubt_that_holds_is_shown_without_another_command()
    {
        IActorRef coordinator = await StartAsync();
        (_storeIsAway, _putsAreLost) = (true, true);
        Ask(coordinator, Make("in-doubt"));
        Assert.Equal(StorageErrorKind.Unavailable, Failure().Kind);

        (_storeIsAway, _putsAreLost) = (false, false);

        Assert.NotNull(_client.ExpectMsg<CoordinatorAnswer>(Patience).Image!.FindTopic("in-doubt"));
        Ask(coordinator, Make("t"));
        Assert.NotNull(_client.ExpectMsg<CoordinatorAnswer>(Patience).Image!.FindTopic("t"));
    }

    [Fact]
    public async Task Commands_that_arrive_together_are_all_answered_in_order()
    {
        IActorRef coordinator = await StartAsync();
        for (int i = 0; i < 40; i++)
        {
            Ask(coordinator, Make($"t{i}"));
        }

        List<TopicResult> results = [];
        while (results.Count < 40)
        {
            CoordinatorAnswer committed = _client.ExpectMsg<CoordinatorAnswer>(Patience);
            results.AddRange(committed.Replies.Select(reply => ((TopicsChanged)reply.Reply).Results.Single()));
            Assert.All(results, result => Assert.NotNull(committed.Image!.FindTopic(result.TopicId)));
        }

        Assert.Equal(40, results.Select(result => result.TopicId).Distinct().Count());
    }

    [Fact]
    public async Task C3_fenced_coordinator_commits_nothing_more_and_stops()
    {
        IActorRef coordinator = await StartAsync();
        Watch(coordinator);
        using MetadataLog newer = await OpenAsync();

        Ask(coordinator, Make("t"));

        Assert.Equal(StorageErrorKind.Fenced, Failure().Kind);
        ExpectTerminated(coordinator, Patience);
        using MetadataLog after = await OpenAsync();
        Assert.Null(after.Image.FindTopic("t"));
    }

    [Fact]
    public async Task C3_coordinator_that_has_nothing_to_commit_finds_out_by_itself_that_it_is_fenced()
    {
        TaskCompletionSource<Exception> fenced = new();
        IActorRef coordinator = await StartAsync(onFenced: fenced.SetResult);
        Watch(coordinator);

        using MetadataLog newer = await OpenAsync();

        Assert.Equal(StorageErrorKind.Fenced, ((StorageException)await fenced.Task.WaitAsync(Patience)).Kind);
        ExpectTerminated(coordinator, Patience);
        _client.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task Every_follower_hears_of_every_commit_and_who_comes_late_of_what_there_is()
    {
        IActorRef coordinator = await StartAsync();
        TestProbe other = CreateTestProbe();
        Ask(coordinator, Make("t"));
        CoordinatorAnswer first = _client.ExpectMsg<CoordinatorAnswer>(Patience);

        coordinator.Tell(new AttachFollower(0), other.Ref);
        Assert.Null(other.ExpectMsg<MetadataLoss>(Patience).Reason);
        Assert.Equal(first.Version, other.ExpectMsg<CoordinatorAnswer>(Patience).Version);
        Ask(coordinator, Make("u"));

        CoordinatorAnswer second = other.ExpectMsg<CoordinatorAnswer>(Patience);
        Assert.Equal((first.Version, second.Version), (second.PreviousVersion, _client.ExpectMsg<CoordinatorAnswer>(Patience).Version));
        Assert.Empty(second.Replies);
    }

    [Fact]
    public async Task Follower_that_has_missed_commits_is_told_each_of_them_and_who_lacks_more_what_there_is()
    {
        IActorRef coordinator = await StartAsync();
        List<CoordinatorAnswer> all = [];
        for (int i = 0; i < RecentCommits.Most + 1; i++)
        {
            Ask(coordinator, Make($"t{i}"));
            all.Add(_client.ExpectMsg<CoordinatorAnswer>(Patience));
        }

        TestProbe late = CreateTestProbe();
        coordinator.Tell(new AttachFollower(all[^3].Version), late.Ref);
        late.ExpectMsg<MetadataLoss>(Patience);
        CoordinatorAnswer[] told = [.. Enumerable.Range(0, 2).Select(_ => late.ExpectMsg<CoordinatorAnswer>(Patience))];
        Assert.Equal(all[^2..].Select(one => (one.PreviousVersion, one.Version, one.Batch)), told.Select(one => (one.PreviousVersion, one.Version, one.Batch)));

        coordinator.Tell(new AttachFollower(all[0].PreviousVersion), late.Ref);
        late.ExpectMsg<MetadataLoss>(Patience);
        CoordinatorAnswer whole = late.ExpectMsg<CoordinatorAnswer>(Patience);
        Assert.Equal((all[^1].Version, all[^1].Version, (MetadataBatch?)null), (whole.PreviousVersion, whole.Version, whole.Batch));
    }

    [Fact]
    public async Task Follower_that_waits_hears_which_of_its_requests_will_be_answered()
    {
        IActorRef coordinator = await StartAsync();
        _landing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Ask(coordinator, Make("t"));
        Ask(coordinator, Make("u"));
        coordinator.Tell(new CoordinatorRequest(77, Make("v")), CreateTestProbe().Ref);

        Assert.Equal([1, 2], Known());
        _landing.SetResult();
        _client.FishForMessage<CoordinatorAnswer>(answer => answer.Replies.Any(reply => reply.Id == 2), Patience);
        Assert.Empty(Known());

        IReadOnlyList<long> Known()
        {
            coordinator.Tell(new AttachFollower(long.MaxValue, 9), _client.Ref);
            RequestsKnown known = _client.FishForMessage<RequestsKnown>(_ => true, Patience);
            Assert.Equal(9, known.NewestRequest);
            return known.Pending;
        }
    }

    [Fact]
    public async Task C5_closing_that_waits_for_an_upload_is_known_and_answered_without_it_in_the_end()
    {
        ClusterGround ground = await ClusterGround.CreateAsync(Sys, streams: 1, records: 0);
        CloseStreams close = new([new StreamEnd(ground.Streams[0], new LeaderEpoch(0), new Offset(5))]);
        Task<object> closed = ground.Client.Ask(close, Patience);
        Task<object> again = ground.Client.Ask(close, Patience);

        // What else is asked goes on; one that the coordinator did not know would fail meanwhile (N3).
        await ground.AskAsync<TopicsChanged>(Make("other"));
        Assert.False(closed.IsCompleted || again.IsCompleted);
        Assert.IsType<StreamsAreClosed>(await closed);
        Assert.IsType<StreamsAreClosed>(await again);
        Assert.Equal(ClusterGround.Two, ground.View.Current.Streams[ground.Streams[0]].Leader);

        // What comes too late closes nothing any more.
        await ground.AskAsync<UploadCommitted>(await ground.UploadAsync(ground.Streams[0], new Offset(5)));
        Assert.Equal(ClusterGround.Two, ground.View.Current.Streams[ground.Streams[0]].Leader);
    }

    [Fact]
    public async Task Followers_hear_that_the_metadata_are_lost_and_that_they_are_back()
    {
        TestClock clock = new();
        IActorRef coordinator = await StartAsync(clock);
        Dictionary<string, byte[]> backup = _store.Keys.ToDictionary(key => key, _store.Read);
        foreach (string key in backup.Keys)
        {
            await _store.DeleteAsync(new ObjectKey(key), default);
        }

        clock.Advance(MetadataLog.LookEvery);
        Ask(coordinator, Make("t"));
        Assert.Equal(StorageErrorKind.Corrupt, Failure().Kind);
        coordinator.Tell(new AttachFollower(0), _client.Ref);
        Assert.Contains("boundary", _client.ExpectMsg<MetadataLoss>(Patience).Reason, StringComparison.Ordinal);

        foreach ((string key, byte[] bytes) in backup)
        {
            await _store.PutAsync(new ObjectKey(key), new System.Buffers.ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, default);
        }

        Ask(coordinator, Make("t"));
        _client.ExpectMsg<CoordinatorAnswer>(Patience);
        coordinator.Tell(new AttachFollower(long.MaxValue), _client.Ref);
        Assert.Null(_client.FishForMessage<MetadataLoss>(_ => true, Patience).Reason);
    }

    private async Task<IActorRef> StartAsync(TimeProvider? time = null, Action<Exception>? onFenced = null)
    {
        MetadataLog log = await OpenAsync(new FaultyObjectStore(new LandingStore(_store, () => _landing?.Task ?? Task.CompletedTask), (_, _, _) => !_storeIsAway ? Fault.None : _putsAreLost ? Fault.UnknownApplied : Fault.Refuse), time);
        CoordinatorServices services = new(new NodeId(1), new TestClock(), new SeededIdSource(3).Next, NullLogger.Instance, onFenced ?? (_ => { })) { LookAheadEvery = TimeSpan.FromMilliseconds(50) };
        IActorRef coordinator = Sys.ActorOf(Props.Create(() => new CoordinatorActor(log, services)));
        coordinator.Tell(new AttachFollower(log.Image.Version), _client.Ref);
        Assert.Null(_client.ExpectMsg<MetadataLoss>(Patience).Reason);
        return coordinator;
    }

    private void Ask(IActorRef coordinator, object command) => coordinator.Tell(new CoordinatorRequest(++_requests, command), _client.Ref);

    private static (StorageErrorKind Kind, bool IsInDoubt) Outcome(CommandFailed failed) => (failed.Kind, failed.IsInDoubt);

    private CommandFailed Failure() => (CommandFailed)Assert.Single(_client.ExpectMsg<CoordinatorAnswer>(Patience).Replies).Reply;

    private async Task<MetadataLog> OpenAsync(IObjectStore? store = null, TimeProvider? time = null) =>
        await MetadataLog.OpenAsync(store ?? _store, new MetadataLogOptions { Time = time ?? TimeProvider.System, ResolveTimeout = TimeSpan.FromSeconds(1) }, CancellationToken.None);

    private static MakeTopics Make(string name) => new([new NewTopic(name, 1, new Dictionary<string, string>())]);

    private sealed class LandingStore(IObjectStore inner, Func<Task> landing) : ForwardingObjectStore(inner)
    {
        public override async ValueTask<PutResult> PutAsync(ObjectKey key, System.Buffers.ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        {
            await landing();
            return await base.PutAsync(key, body, condition, ct);
        }
    }
}
