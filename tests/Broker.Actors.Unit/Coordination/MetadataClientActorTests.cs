using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>N1 to N5: what a node knows of the metadata, and when its askers hear.</summary>
public sealed class MetadataClientActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TestProbe _coordinator;
    private readonly TestProbe _manager;
    private readonly MetadataView _view = new(MetadataImage.Empty);
    private readonly List<MetadataImage> _images = [MetadataImage.Empty];
    private readonly TaskCompletionSource<MetadataImage> _stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _hasNewer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly System.Collections.Concurrent.ConcurrentQueue<long> _looks = new();
    private readonly TestClock _clock = new();
    private TimeSpan _attachEvery = TimeSpan.FromMilliseconds(500);
    private int _reads;

    public MetadataClientActorTests() => (_coordinator, _manager) = (CreateTestProbe(), CreateTestProbe());

    [Fact]
    public void N1_commits_are_applied_one_by_one_and_none_twice()
    {
        IActorRef client = Start();
        MetadataBatch[] batches = [Commit(1), Commit(2)];
        Tell(client, batches[0], 0);
        Assert.Equal([1], Nodes());
        Tell(client, batches[0], 0);
        Tell(client, batches[1], 1);

        Assert.Equal([1, 2], Nodes());
        Assert.Equal(0, _reads);
    }

    [Fact]
    public void N1_commit_that_was_missed_the_coordinator_tells_again_without_the_store()
    {
        IActorRef client = Start();
        _coordinator.ExpectMsg<AttachFollower>(Patience);
        MetadataBatch first = Commit(1);
        MetadataBatch second = Commit(2);
        MetadataBatch third = Commit(3);
        Tell(client, second, 1, (77, "of nobody"));
        Tell(client, third, 2);

        // At once, and not for each of them.
        Assert.Equal(-1, _coordinator.ExpectMsg<AttachFollower>(TimeSpan.FromMilliseconds(400)).Version);
        _coordinator.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Tell(client, first, 0);
        Tell(client, second, 1);
        Tell(client, third, 2);

        Assert.Equal([1], Nodes());
        Assert.Equal([1, 2], Nodes());
        Assert.Equal([1, 2, 3], Nodes());
        Assert.Equal(0, _reads);
    }

    [Fact]
    public void N1_commit_that_the_coordinator_does_not_remember_is_read_from_the_store()
    {
        IActorRef client = Start();
        Commit(1);
        Commit(2);
        client.Tell(new CoordinatorAnswer(_images[2].Version, _images[2].Version, null, null, []), _coordinator.Ref);
        _manager.ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        _stored.SetResult(_images[2]);

        Assert.Equal([1, 2], Nodes());
        Assert.Equal(1, _reads);
    }

    [Fact]
    public void N1_what_the_store_does_not_give_the_coordinator_may_tell_meanwhile()
    {
        IActorRef client = Start();
        MetadataBatch first = Commit(1);
        client.Tell(new CoordinatorAnswer(_images[1].Version, _images[1].Version, null, null, []), _coordinator.Ref);
        AwaitCondition(() => _reads == 1, Patience);
        Tell(client, first, 0);

        Assert.Equal([1], Nodes());
        _stored.SetException(new StorageException(StorageErrorKind.Unavailable, "away"));
        client.Tell(new MetadataLoss("told after it"), _coordinator.Ref);
        AwaitCondition(() => _view.Loss is not null, Patience);
        Assert.Equal(1, _reads);
    }

    [Fact]
    public void N2_reply_waits_for_the_metadata_that_it_is_about()
    {
        IActorRef client = Start();
        client.Tell(GiveProducerId.Instance, TestActor);
        CoordinatorRequest request = _coordinator.FishForMessage<CoordinatorRequest>(_ => true, Patience);
        Commit(1);
        MetadataBatch second = Commit(2);

        Tell(client, second, 1, (request.Id, "reply"));
        _manager.ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        client.Tell(new CoordinatorAnswer(_images[2].Version, _images[2].Version, null, null, []), _coordinator.Ref);
        _stored.SetResult(_images[2]);

        ImageCommitted shown = _manager.ExpectMsg<ImageCommitted>(Patience);
        Assert.Equal((_images[2].Version, TestActor, "reply"), (shown.Image.Version, shown.Replies.Single().To, shown.Replies.Single().Message));
    }

    [Fact]
    public void N3_command_that_the_coordinator_does_not_know_fails_and_one_that_it_knows_waits()
    {
        IActorRef client = Start();
        client.Tell(GiveProducerId.Instance, TestActor);
        client.Tell(GiveObjectId.Instance, TestActor);
        long[] ids = [.. Enumerable.Range(0, 2).Select(_ => _coordinator.FishForMessage<CoordinatorRequest>(_ => true, Patience).Id)];
        AttachFollower attach = _coordinator.FishForMessage<AttachFollower>(_ => true, Patience);
        Assert.Equal(ids[1], attach.NewestRequest);
        client.Tell(GiveProducerId.Instance, TestActor);

        // Of what was sent later it says nothing.
        client.Tell(new RequestsKnown(attach.NewestRequest, [ids[1]]), _coordinator.Ref);
        (IActorRef to, object failed) = _manager.ExpectMsg<ImageCommitted>(Patience).Replies.Single();
        Assert.Equal((TestActor, StorageErrorKind.Unavailable), (to, ((CommandFailed)failed).Kind));

        client.Tell(new CoordinatorAnswer(-1, -1, null, null, [(ids[1], "reply"), (ids[1] + 1, "another")]), _coordinator.Ref);
        Assert.Equal(["reply", "another"], _manager.ExpectMsg<ImageCommitted>(Patience).Replies.Select(reply => reply.Message));
        _coordinator.FishForMessage<AttachFollower>(later => later.NewestRequest == 0, Patience);
    }

    [Fact]
    public void N4_metadata_are_confirmed_by_a_look_that_began_after_that_was_asked_for()
    {
        IActorRef client = Start();
        client.Tell(ConfirmMetadata.Instance, TestActor);
        AwaitCondition(() => _looks.Count == 1, Patience);
        TestProbe late = CreateTestProbe();
        client.Tell(ConfirmMetadata.Instance, late.Ref);
        Commit(1);
        _stored.SetResult(_images[1]);
        _hasNewer.SetResult(true);

        ImageCommitted first = _manager.ExpectMsg<ImageCommitted>(Patience);
        Assert.Equal((_images[1].Version, TestActor, new MetadataConfirmed(IsKnown: true)), (first.Image.Version, first.Replies.Single().To, first.Replies.Single().Message));

        // And the store is not asked all the time.
        _manager.ExpectNoMsg(TimeSpan.FromMilliseconds(500));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(late.Ref, _manager.ExpectMsg<ImageCommitted>(Patience).Replies.Single().To);
        Assert.Equal([-1, _images[1].Version], _looks);
    }

    [Fact]
    public void N4_store_that_does_not_answer_confirms_nothing()
    {
        IActorRef client = Start();
        _hasNewer.SetException(new StorageException(StorageErrorKind.Unavailable, "away"));
        client.Tell(ConfirmMetadata.Instance, TestActor);

        Assert.Equal(new MetadataConfirmed(IsKnown: false), _manager.ExpectMsg<ImageCommitted>(Patience).Replies.Single().Message);
    }

    // The first may go where the one before was.
    [Fact]
    public void N5_next_coordinator_is_told_at_once_that_the_node_listens_and_until_it_answers()
    {
        _attachEvery = TimeSpan.FromHours(1);
        IActorRef client = Start();
        _coordinator.ExpectMsg<AttachFollower>(Patience);
        TestProbe first = CreateTestProbe();
        client.Tell(new MetadataLoss(null), first.Ref);
        client.Tell(new MetadataLoss(null), first.Ref);
        _coordinator.ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        Sys.Stop(first.Ref);

        _coordinator.ExpectMsg<AttachFollower>(Patience);
        _coordinator.ExpectMsg<AttachFollower>(Patience);
        client.Tell(new MetadataLoss("told by the next"), CreateTestProbe().Ref);
        AwaitCondition(() => _view.Loss is not null, Patience);
        while (_coordinator.HasMessages)
        {
            _coordinator.ExpectMsg<AttachFollower>(Patience);
        }

        // Longer than the pause that it is in.
        _coordinator.ExpectNoMsg(TimeSpan.FromSeconds(2));
    }

    // The pauses double: as many as there are answers would take hours.
    [Fact]
    public void N5_coordinators_that_have_ended_as_soon_as_they_answer_are_not_asked_all_the_time()
    {
        _attachEvery = TimeSpan.FromHours(1);
        IActorRef client = Start();
        for (int i = 0; i < 20; i++)
        {
            TestProbe ended = CreateTestProbe();
            Watch(ended.Ref);
            Sys.Stop(ended.Ref);
            ExpectMsg<Terminated>(Patience);
            string loss = $"told by the {i}th";
            client.Tell(new MetadataLoss(loss), ended.Ref);
            AwaitCondition(() => _view.Loss?.Message == loss, Patience);
        }

        int asked = 0;
        while (_coordinator.HasMessages)
        {
            _coordinator.ExpectMsg<AttachFollower>(Patience);
            asked++;
        }

        Assert.InRange(asked, 1, 12);
    }

    [Fact]
    public void Reply_shows_the_nodes_own_image()
    {
        IActorRef client = Start();
        client.Tell(new CloseStreams([]), TestActor);
        CoordinatorRequest request = _coordinator.FishForMessage<CoordinatorRequest>(_ => true, Patience);
        client.Tell(new CoordinatorAnswer(-1, -1, null, null, [(request.Id, new StreamsAreClosed(null!))]), _coordinator.Ref);

        StreamsAreClosed reply = (StreamsAreClosed)_manager.ExpectMsg<ImageCommitted>(Patience).Replies.Single().Message;

        Assert.Same(MetadataImage.Empty, reply.Image);
    }

    [Fact]
    public void Coordinator_is_told_again_and_again_that_the_node_listens()
    {
        Start();

        Assert.Equal(-1, _coordinator.ExpectMsg<AttachFollower>(Patience).Version);
        Assert.Equal(-1, _coordinator.ExpectMsg<AttachFollower>(Patience).Version);
    }

    [Fact]
    public void Loss_of_the_metadata_is_known_until_they_are_back()
    {
        IActorRef client = Start();
        client.Tell(new MetadataLoss("gone"), _coordinator.Ref);
        AwaitAssert(() => Assert.Equal((StorageErrorKind.Corrupt, "gone"), (_view.Loss!.Kind, _view.Loss.Message)), Patience);

        client.Tell(new MetadataLoss(null), _coordinator.Ref);
        AwaitAssert(() => Assert.Null(_view.Loss), Patience);
    }

    private IActorRef Start()
    {
        MetadataClientServices services = new(
            _coordinator.Ref,
            _view,
            _ =>
            {
                _reads++;
                return _stored.Task;
            },
            (version, _) =>
            {
                _looks.Enqueue(version);
                return _hasNewer.Task;
            },
            _clock,
            NullLogger.Instance)
        { AttachEvery = _attachEvery };
        IActorRef client = Sys.ActorOf(Props.Create(() => new MetadataClientActor(services)));
        client.Tell(new ManageWith(_manager.Ref));
        return client;
    }

    private MetadataBatch Commit(int node)
    {
        MetadataBatch batch = new(0, [new NodeRegistered(new NodeId(node), 1)]);
        _images.Add(_images[^1].Apply(batch, _images.Count));
        return batch;
    }

    private void Tell(IActorRef client, MetadataBatch batch, int after, params (long, object)[] replies) =>
        client.Tell(new CoordinatorAnswer(_images[after].Version, _images[after + 1].Version, batch, null, replies), _coordinator.Ref);

    private IEnumerable<int> Nodes() => _manager.ExpectMsg<ImageCommitted>(Patience).Image.NodeEpochs.Keys.Select(node => node.Value).Order();
}
