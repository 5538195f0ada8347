using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>C2: commands are judged against everything planned before them; ids are given once.</summary>
public sealed class CommandPlannerTests
{
    private readonly CoordinatorServices _services = new(new NodeId(1), new TestClock(), new SeededIdSource(1).Next, NullLogger.Instance, _ => { });
    private static readonly NodeId Node = new(1);
    private static readonly WalId Wal = new(new Guid(1, 0, 0, new byte[8]));

    private readonly CommandPlanner _planner;
    private MetadataImage _image = MetadataImage.Empty;

    public CommandPlannerTests()
    {
        _planner = new CommandPlanner(_image, _services);
        Plan(new RegisterNode(Node, new NodePlace("", "", []), Wal, "host", "/wal", []));
    }

    [Fact]
    public void C2_topic_is_known_to_the_next_command_before_it_is_committed()
    {
        TopicResult first = Make("t").Results.Single();
        TopicResult second = Make("t").Results.Single();

        Assert.Equal((ErrorCode.None, ErrorCode.TopicAlreadyExists), (first.Error, second.Error));
        Assert.Equal(ErrorCode.TopicAlreadyExists, Make("u", "u").Results[1].Error);
    }

    [Theory]
    [InlineData("a.b", "a_b")]
    [InlineData("a_b", "a.b")]
    [InlineData("a._b", "a_.b")]
    public void Names_that_metrics_cannot_tell_apart_collide(string first, string second)
    {
        Make(first);

        Assert.Equal(ErrorCode.InvalidTopicException, Make(second).Results.Single().Error);
    }

    [Fact]
    public void Names_that_differ_in_more_do_not_collide()
    {
        Make("a.b");

        Assert.All(Make("a-b", "a.c", "ab", "a..b").Results, result => Assert.Equal(ErrorCode.None, result.Error));
    }

    [Fact]
    public void Topics_streams_are_all_different_and_open_under_the_first_epoch()
    {
        Make("a", "b");

        Assert.Equal(4, _image.Streams.Count);
        Assert.All(_image.Streams.Values, stream => Assert.Equal((1, 0), (stream.Leader.Value, stream.Epoch.Value)));
    }

    [Fact]
    public void Opening_raises_the_epoch_and_passes_over_what_is_gone()
    {
        Make("a");
        StreamId stream = _image.Streams.Keys.Min();

        Plan(new OpenStreams(Node, 1, Wal, [], [new StreamOpening(stream, Offset.Zero, new Offset(5)), new StreamOpening(new StreamId(999), Offset.Zero, Offset.Zero)]));
        Plan(new OpenStreams(Node, 1, Wal, [], [new StreamOpening(stream, Offset.Zero, new Offset(5))]));

        Assert.Equal(2, _image.Streams[stream].Epoch.Value);
    }

    [Fact]
    public void Topic_is_deleted_once()
    {
        Guid id = Make("a").Results.Single().TopicId;

        TopicsChanged twice = (TopicsChanged)Plan(new RemoveTopics([id, id]));

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicId], twice.Results.Select(r => r.Error));
        Assert.Empty(_image.Streams);
    }

    [Fact]
    public void Ids_are_never_given_twice_even_when_commits_fail()
    {
        HashSet<long> producers = [];
        HashSet<long> objects = [];
        for (int i = 0; i < 3500; i++)
        {
            Assert.True(producers.Add(((ProducerIdGiven)Plan(GiveProducerId.Instance)).ProducerId));
            Assert.True(objects.Add(((ObjectIdGiven)Plan(GiveObjectId.Instance)).ObjectId.Value));
            if (i % 700 == 699)
            {
                // A later commit failed: what was planned and not committed is gone, what was given stays given.
                _planner.Reset(_image);
            }
        }
    }

    [Fact]
    public void One_commit_serves_a_thousand_producer_ids()
    {
        int commits = Enumerable.Range(0, 2000).Count(_ => _planner.Plan(GiveProducerId.Instance)!.Events.Count > 0);

        Assert.Equal(2, commits);
    }

    [Fact]
    public void Upload_leaves_out_only_what_belongs_to_streams_that_are_gone()
    {
        (ObjectId id, StreamId[] streams) = MakeTopicAndObject();

        UploadCommitted committed = Commit(id, Range(streams[0], 0, 10), Range(new StreamId(77), 0, 1));

        Assert.Equal([UploadRefusalReason.UnknownStream], committed.Refused.Select(r => r.Reason));
        Assert.Equal(10, _image.Streams[streams[0]].EndOffset.Value);
    }

    [Fact]
    public void Upload_commits_nothing_when_a_living_stream_is_refused()
    {
        (ObjectId id, StreamId[] streams) = MakeTopicAndObject();

        UploadCommitted committed = Commit(id, Range(streams[0], 0, 10), Range(streams[1], 5, 10));

        Assert.Equal([UploadRefusalReason.NotContiguous], committed.Refused.Select(r => r.Reason));
        Assert.Equal(0, _image.Streams[streams[0]].EndOffset.Value);
        Assert.Empty(_image.Objects);
    }

    [Fact]
    public void Upload_that_is_committed_already_succeeds_and_changes_nothing()
    {
        (ObjectId id, StreamId[] streams) = MakeTopicAndObject();
        Commit(id, Range(streams[0], 0, 10));
        MetadataImage before = _image;

        Assert.Empty(Commit(id, Range(streams[0], 0, 10)).Refused);
        Assert.Same(before, _image);
    }

    private (ObjectId Id, StreamId[] Streams) MakeTopicAndObject()
    {
        Make("a");
        return (((ObjectIdGiven)Plan(GiveObjectId.Instance)).ObjectId, [.. _image.Streams.Keys.Order()]);
    }

    private UploadCommitted Commit(ObjectId id, params StreamRange[] ranges) => (UploadCommitted)Plan(
        new CommitUpload(new ObjectCommitted(id, new ObjectKey("data/x"), ObjectKind.StreamSet, 100, 0, ranges)));

    [Fact]
    public void Command_of_somebody_else_is_not_planned() => Assert.Null(_planner.Plan("what?"));

    private static StreamRange Range(StreamId stream, long from, long end) =>
        new(stream, new LeaderEpoch(0), new Offset(from), new Offset(end), 0, 10, 0, 10, 0, 0);

    private TopicsChanged Make(params string[] names) =>
        (TopicsChanged)Plan(new MakeTopics([.. names.Select(name => new NewTopic(name, 2, new Dictionary<string, string>()))]));

    private object Plan(object command)
    {
        CommandPlan plan = _planner.Plan(command)!;
        if (plan.Events.Count > 0)
        {
            _image = _image.Apply(new MetadataBatch(0, plan.Events), _image.Version + 1);
        }

        return plan.Reply;
    }
}
