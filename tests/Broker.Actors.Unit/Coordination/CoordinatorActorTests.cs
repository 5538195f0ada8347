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

/// <summary>C1 and C3: what commands are answered, and when.</summary>
public sealed class CoordinatorActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly InMemoryObjectStore _store = new();
    private readonly TestProbe _manager;
    private volatile bool _storeIsAway;
    private volatile bool _putsAreLost;

    public CoordinatorActorTests() => _manager = CreateTestProbe();

    [Fact]
    public async Task C1_success_is_answered_when_another_that_opens_the_log_finds_the_change()
    {
        IActorRef coordinator = await StartAsync();
        coordinator.Tell(Make("t"), TestActor);

        ImageCommitted committed = _manager.ExpectMsg<ImageCommitted>(Patience);

        Assert.NotNull(committed.Image.FindTopic("t"));
        Assert.Equal((TestActor, ErrorCode.None), (committed.Replies.Single().To, ((TopicsChanged)committed.Replies.Single().Message).Results.Single().Error));
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
            coordinator.Tell(Make("t"), TestActor);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(StorageErrorKind.Unavailable, ExpectMsg<CommandFailed>(Patience).Kind);
        }

        _storeIsAway = false;
        coordinator.Tell(Make("t"), TestActor);

        ImageCommitted committed = _manager.ExpectMsg<ImageCommitted>(Patience);
        Assert.Equal(ErrorCode.None, ((TopicsChanged)committed.Replies.Single().Message).Results.Single().Error);
    }

    [Fact]
    public async Task M5_commit_in_doubt_that_holds_is_shown_when_that_is_known_and_commands_succeed_again()
    {
        IActorRef coordinator = await StartAsync();
        (_storeIsAway, _putsAreLost) = (true, true);
        coordinator.Tell(Make("in-doubt"), TestActor);
        Assert.Equal(StorageErrorKind.Unavailable, ExpectMsg<CommandFailed>(Patience).Kind);
        (_storeIsAway, _putsAreLost) = (false, false);
        coordinator.Tell(Make("t"), TestActor);
        Assert.Equal(StorageErrorKind.Unavailable, ExpectMsg<CommandFailed>(Patience).Kind);

        ImageCommitted found = _manager.ExpectMsg<ImageCommitted>(Patience);
        Assert.Empty(found.Replies);
        Assert.NotNull(found.Image.FindTopic("in-doubt"));
        coordinator.Tell(Make("t"), TestActor);

        Assert.NotNull(_manager.ExpectMsg<ImageCommitted>(Patience).Image.FindTopic("t"));
    }

    [Fact]
    public async Task C4_commit_in_doubt_that_holds_is_shown_without_another_command()
    {
        IActorRef coordinator = await StartAsync();
        (_storeIsAway, _putsAreLost) = (true, true);
        coordinator.Tell(Make("in-doubt"), TestActor);
        Assert.Equal(StorageErrorKind.Unavailable, ExpectMsg<CommandFailed>(Patience).Kind);

        (_storeIsAway, _putsAreLost) = (false, false);

        Assert.NotNull(_manager.ExpectMsg<ImageCommitted>(Patience).Image.FindTopic("in-doubt"));
        coordinator.Tell(Make("t"), TestActor);
        Assert.NotNull(_manager.ExpectMsg<ImageCommitted>(Patience).Image.FindTopic("t"));
    }

    [Fact]
    public async Task Commands_that_arrive_together_are_all_answered_in_order()
    {
        IActorRef coordinator = await StartAsync();
        for (int i = 0; i < 40; i++)
        {
            coordinator.Tell(Make($"t{i}"), TestActor);
        }

        List<TopicResult> results = [];
        while (results.Count < 40)
        {
            ImageCommitted committed = _manager.ExpectMsg<ImageCommitted>(Patience);
            results.AddRange(committed.Replies.Select(reply => ((TopicsChanged)reply.Message).Results.Single()));
            Assert.All(results, result => Assert.NotNull(committed.Image.FindTopic(result.TopicId)));
        }

        Assert.Equal(40, results.Select(result => result.TopicId).Distinct().Count());
    }

    [Fact]
    public async Task C3_fenced_coordinator_commits_nothing_more_and_stops()
    {
        IActorRef coordinator = await StartAsync();
        Watch(coordinator);
        using MetadataLog newer = await OpenAsync();

        coordinator.Tell(Make("t"), TestActor);

        Assert.Equal(StorageErrorKind.Fenced, ExpectMsg<CommandFailed>(Patience).Kind);
        ExpectTerminated(coordinator, Patience);
        using MetadataLog after = await OpenAsync();
        Assert.Null(after.Image.FindTopic("t"));
    }

    private async Task<IActorRef> StartAsync()
    {
        MetadataLog log = await OpenAsync(new FaultyObjectStore(_store, (_, _, _) => !_storeIsAway ? Fault.None : _putsAreLost ? Fault.UnknownApplied : Fault.Refuse));
        CoordinatorServices services = new(_manager.Ref, new NodeId(1), new TestClock(), new SeededIdSource(3).Next, NullLogger.Instance, _ => { });
        return Sys.ActorOf(Props.Create(() => new CoordinatorActor(log, services)));
    }

    private async Task<MetadataLog> OpenAsync(IObjectStore? store = null) =>
        await MetadataLog.OpenAsync(store ?? _store, new MetadataLogOptions { ResolveTimeout = TimeSpan.FromSeconds(1) }, CancellationToken.None);

    private static MakeTopics Make(string name) => new([new NewTopic(name, 1, new Dictionary<string, string>())]);
}
