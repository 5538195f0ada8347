using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>A cluster's coordinator is there again after whatever ended it, but another one.</summary>
public sealed class CoordinatorHostActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly InMemoryObjectStore _store = new();
    private readonly SeededIdSource _ids = new(3);
    private volatile Exception? _nextIdFails;
    private volatile StorageException? _openingFails;
    private volatile Exception? _fenced;
    private Task _held = Task.CompletedTask;
    private long _lastId;

    [Fact]
    public async Task Coordinator_that_breaks_is_made_anew_with_what_was_committed()
    {
        IActorRef host = Start();
        Make(host, "before");
        _nextIdFails = new NotSupportedException("of no kind that anybody expects");
        Send(host, "breaks");

        AwaitAssert(() => Make(host, "after"), Patience);

        using MetadataLog log = await OpenAsync();
        Assert.Equal(["after", "before"], log.Image.Topics.Values.Select(topic => topic.Name).Order());
        Assert.Null(_fenced);
    }

    [Fact]
    public void Log_that_cannot_be_taken_over_is_told_to_those_who_ask_until_it_is_mended()
    {
        _openingFails = new StorageException(StorageErrorKind.Corrupt, "damaged");
        IActorRef host = Start();
        Send(host, "refused");
        (StorageErrorKind Kind, string Reason) seen = AnswerTo<CommandFailed>(_lastId) is var failed ? (failed.Kind, failed.Reason) : default;
        Assert.Equal((StorageErrorKind.Corrupt, "damaged"), seen);

        _openingFails = null;
        AwaitAssert(() => Make(host, "served"), Patience);
    }

    [Fact]
    public async Task Coordinator_that_another_one_has_fenced_does_not_come_back()
    {
        IActorRef host = Start();
        Make(host, "before");
        Watch(host);
        using MetadataLog other = await OpenAsync();

        Send(host, "fenced");

        FishForMessage<Terminated>(_ => true, Patience);
        Assert.Equal(StorageErrorKind.Fenced, Assert.IsType<StorageException>(_fenced).Kind);
    }

    [Fact]
    public void Nodes_that_listen_before_it_is_open_are_known_to_it_from_its_beginning()
    {
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _held = held.Task;
        IActorRef host = Start();
        Send(host, "asked before");
        host.Tell(new AttachFollower(-1, _lastId), TestActor);
        host.Tell(new AttachFollower(-1, _lastId), TestActor);
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));

        held.SetResult();

        List<object> told = [];
        while (!told.OfType<RequestsKnown>().Any() || !told.Any(IsAnswer))
        {
            told.Add(ExpectMsg<object>(Patience));
        }

        // It counts once, and what was asked before it is not taken for lost.
        ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        RequestsKnown known = Assert.Single(told.OfType<RequestsKnown>());
        Assert.True(known.Pending.Contains(_lastId) || told.FindIndex(IsAnswer) < told.IndexOf(known), "the request counts as lost");
        bool IsAnswer(object message) => message is CoordinatorAnswer answer && answer.Replies.Any(reply => reply.Id == _lastId);
    }

    private IActorRef Start()
    {
        CoordinatorServices coordinator = new(new NodeId(1), TimeProvider.System, NewId, NullLogger.Instance, cause => _fenced = cause);
        CoordinatorHostServices host = new(OpenWhenLetAsync, coordinator, NullLogger.Instance)
        {
            OpenAgainAfter = TimeSpan.FromMilliseconds(50),
            MendedAfter = TimeSpan.FromMilliseconds(50),
        };
        return Sys.ActorOf(Props.Create(() => new CoordinatorHostActor(host)));
    }

    private Guid NewId()
    {
        if (_nextIdFails is { } failure)
        {
            _nextIdFails = null;
            throw failure;
        }

        return _ids.Next();
    }

    private async Task<MetadataLog> OpenWhenLetAsync()
    {
        await _held;
        return _openingFails is { } failure ? throw failure : await OpenAsync();
    }

    private async Task<MetadataLog> OpenAsync() => await MetadataLog.OpenAsync(_store, new MetadataLogOptions { ResolveTimeout = TimeSpan.FromSeconds(1) }, CancellationToken.None);

    private void Send(IActorRef host, string topic) => host.Tell(new CoordinatorRequest(++_lastId, new MakeTopics([new NewTopic(topic, 1, new Dictionary<string, string>())])), TestActor);

    private void Make(IActorRef host, string topic)
    {
        Send(host, topic);
        Assert.Contains(AnswerTo<TopicsChanged>(_lastId).Results.Single().Error, new[] { Wire.ErrorCode.None, Wire.ErrorCode.TopicAlreadyExists });
    }

    private T AnswerTo<T>(long id) => Assert.IsType<T>(FishForMessage<CoordinatorAnswer>(answer => answer.Replies.Any(reply => reply.Id == id), TimeSpan.FromSeconds(2)).Replies.Single(reply => reply.Id == id).Reply);
}
