using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>L3 and L4: who may lead a stream next.</summary>
public sealed class NodePlannerTests
{
    private static readonly NodeId One = new(1);
    private static readonly NodeId Two = new(2);
    private static readonly WalId LogOfOne = new(new Guid(1, 0, 0, new byte[8]));
    private static readonly WalId LogOfTwo = new(new Guid(2, 0, 0, new byte[8]));
    private static readonly WalId LogOfThree = new(new Guid(3, 0, 0, new byte[8]));

    private readonly CommandPlanner _planner;
    private readonly NextSeats _seats = new();
    private MetadataImage _image = MetadataImage.Empty;

    public NodePlannerTests()
    {
        CoordinatorServices services = new(One, new TestClock(), new SeededIdSource(1).Next, NullLogger.Instance, _ => { }) { Seats = _seats };
        _planner = new CommandPlanner(_image, services);
    }

    [Fact]
    public void Each_start_of_a_node_has_the_next_epoch_and_is_shown_where_it_is()
    {
        Assert.Equal(1, Register(One, LogOfOne));
        Assert.Equal(2, Register(One, LogOfOne));

        Assert.Equal((2, "one:9"), (_image.LiveNodes[One].Epoch, _image.LiveNodes[One].Place.ClusterAddress));
        Plan(new MarkNodeGone(One, 1));
        Assert.Single(_image.LiveNodes);
        Plan(new MarkNodeGone(One, 2));
        Plan(new MarkNodeGone(One, 2));
        Assert.Empty(_image.LiveNodes);
    }

    [Fact]
    public void Node_whose_log_was_fenced_starts_with_another()
    {
        Register(One, LogOfOne);
        Plan(new MarkWalFenced(LogOfOne, 1));
        Plan(new MarkWalFenced(LogOfOne, 1));

        CommandFailed refused = Assert.IsType<CommandFailed>(Plan(Registration(One, LogOfOne)));

        Assert.Equal(StorageErrorKind.Unavailable, refused.Kind);
        Assert.Equal(1, _image.NodeEpochs[One]);
        Assert.Equal(2, Register(One, LogOfThree));
    }

    [Fact]
    public void Fence_that_was_decided_before_the_nodes_newest_start_does_not_count()
    {
        Register(One, LogOfOne);
        Register(One, LogOfOne);

        Plan(new MarkWalFenced(LogOfOne, 1));

        Assert.False(_image.Wals[LogOfOne].IsFenced);
    }

    [Fact]
    public void Topics_partitions_are_spread_beginning_with_the_node_that_leads_least()
    {
        Register(One, LogOfOne);
        Make("a", partitions: 3);
        Register(Two, LogOfTwo);

        Make("b", partitions: 5);

        Assert.Equal([2, 1, 2, 1, 2], Leaders("b"));
        Assert.All(Streams("b"), stream => Assert.Equal(stream.Leader == One ? LogOfOne : LogOfTwo, stream.Wal));
    }

    [Fact]
    public void Topics_partitions_are_led_by_nobody_where_there_is_no_node()
    {
        Register(One, LogOfOne);
        Plan(new MarkNodeGone(One, 1));

        Make("a", partitions: 1);

        Assert.Equal([NodeId.None.Value], Leaders("a"));
    }

    [Fact]
    public void L3_stream_of_a_living_leader_is_not_opened_elsewhere()
    {
        StreamState stream = LedByOne();

        Assert.Equal((OpeningRefusalReason.MustFence, LogOfOne), Refusal(Open(Two, 1, LogOfTwo, [LogOfOne], stream, 0)));
        Plan(new MarkNodeGone(One, 1));
        Assert.Equal((OpeningRefusalReason.MustFence, LogOfOne), Refusal(Open(Two, 1, LogOfTwo, [LogOfOne], stream, 0)));
    }

    [Fact]
    public void L3_stream_is_opened_elsewhere_once_its_log_is_fenced_and_read()
    {
        StreamState stream = LedByOne();
        Plan(new MarkWalFenced(LogOfOne, 1));

        Assert.Equal((OpeningRefusalReason.MustRead, LogOfOne), Refusal(Open(Two, 1, LogOfTwo, [], stream, 7)));
        Assert.Empty(Open(Two, 1, LogOfTwo, [LogOfOne], stream, 7).Refused);

        StreamState opened = _image.Streams[stream.StreamId];
        Assert.Equal((Two, LogOfTwo, 1, 7), (opened.Leader, opened.Wal, opened.Epoch.Value, opened.EpochHistory[^1].StartOffset.Value));
        Assert.Equal([LogOfOne], opened.PendingWals.AsEnumerable());
    }

    [Fact]
    public void L3_closed_stream_is_opened_elsewhere_at_once()
    {
        StreamState stream = LedByOne();
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero), new StreamEnd(new StreamId(77), stream.Epoch, Offset.Zero)]));
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero)]));

        Assert.Empty(Open(Two, 1, LogOfTwo, [], stream, 0).Refused);
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero)]));
        Assert.Equal(Two, _image.Streams[stream.StreamId].Leader);
    }

    [Fact]
    public void Closed_stream_is_led_by_the_next_one_in_the_same_commit_where_it_is_known_who_may()
    {
        StreamState stream = LedByOne();
        _seats.See([One, Two, new NodeId(3)]);

        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero)]));

        StreamState next = _image.Streams[stream.StreamId];
        Assert.Equal((Two, LogOfTwo, stream.Epoch.Next()), (next.Leader, next.Wal, next.Epoch));
        Assert.Empty(next.PendingWals);

        // It is not taken back by one that leaves, though nobody else is there.
        Plan(new NodeDrains(One, 1));
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, next.Epoch, Offset.Zero)]));
        Assert.Equal(NodeId.None, _image.Streams[stream.StreamId].Leader);
    }

    [Fact]
    public void Closed_stream_goes_where_it_was_chosen_to_move()
    {
        StreamState stream = LedByOne();
        Register(new NodeId(3), LogOfThree);
        _seats.See([One, Two, new NodeId(3)]);
        _seats.Choose([(stream.StreamId, new NodeId(3))], new HashSet<StreamId>());

        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero)]));

        Assert.Equal((new NodeId(3), LogOfThree), (_image.Streams[stream.StreamId].Leader, _image.Streams[stream.StreamId].Wal));

        // As when the one that has got it leaves before others are chosen.
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch.Next(), Offset.Zero)]));
        Assert.NotEqual(new NodeId(3), _image.Streams[stream.StreamId].Leader);

        // On its way it is not forgotten when others are chosen; then it is.
        _seats.Choose([], new HashSet<StreamId> { stream.StreamId });
        Assert.Equal(new NodeId(3), _seats.ChosenFor(stream.StreamId));
        _seats.Choose([], new HashSet<StreamId>());
        Assert.Null(_seats.ChosenFor(stream.StreamId));
    }

    [Fact]
    public void Node_that_drains_is_given_nothing_more_unless_all_do()
    {
        Register(One, LogOfOne);
        Register(Two, LogOfTwo);
        _seats.See([One, Two]);
        Assert.Equal(CommandDone.Instance, Plan(new NodeDrains(One, 1)));

        Plan(new MakeTopics([new NewTopic("t", 2, new Dictionary<string, string>()) { Leaders = [One, One] }]));
        Assert.All(_image.Streams.Values, stream => Assert.Equal(Two, stream.Leader));
        Assert.False(_seats.Takes(One, 1));

        Plan(new NodeDrains(Two, 1));
        Plan(new MakeTopics([new NewTopic("last", 2, new Dictionary<string, string>())]));
        Assert.Equal([One, Two], _image.FindTopic("last")!.Partitions.Select(stream => _image.Streams[stream].Leader).Order());

        // The next start of the node is another matter.
        Register(One, LogOfThree);
        Plan(new MakeTopics([new NewTopic("after", 1, new Dictionary<string, string>())]));
        Assert.Equal(One, _image.Streams[_image.FindTopic("after")!.Partitions[0]].Leader);
    }

    [Fact]
    public void Closed_streams_are_spread_over_those_who_lead_the_fewest()
    {
        Register(One, LogOfOne);
        Plan(new MakeTopics([new NewTopic("t", 4, new Dictionary<string, string>())]));
        Register(Two, LogOfTwo);
        Register(new NodeId(3), LogOfThree);
        _seats.See([One, Two, new NodeId(3)]);

        Plan(new CloseStreams([.. _image.Streams.Values.Select(stream => new StreamEnd(stream.StreamId, stream.Epoch, Offset.Zero))]));

        Assert.Equal([(Two, 2), (new NodeId(3), 2)], _image.Streams.Values.CountBy(stream => stream.Leader).OrderBy(one => one.Key).Select(one => (one.Key, one.Value)));
    }

    [Fact]
    public void X1_stream_of_which_less_is_uploaded_than_its_leader_appended_is_not_closed()
    {
        StreamState stream = LedByOne();
        Plan(new CloseStreams([new StreamEnd(stream.StreamId, stream.Epoch, new Offset(1))]));
        Assert.Equal(One, _image.Streams[stream.StreamId].Leader);
    }

    [Fact]
    public void L4_start_of_a_node_that_another_has_replaced_opens_nothing()
    {
        StreamState stream = LedByOne();
        Register(One, LogOfThree);

        Assert.Equal(OpeningRefusalReason.NodeIsStale, Refusal(Open(One, 1, LogOfOne, [], stream, 0)).Reason);
    }

    [Fact]
    public void L4_nothing_is_opened_with_a_log_that_is_fenced_or_anothers()
    {
        StreamState stream = LedByOne();
        Plan(new MarkWalFenced(LogOfOne, 1));

        Assert.Equal(OpeningRefusalReason.NodeIsStale, Refusal(Open(One, 1, LogOfOne, [], stream, 0)).Reason);
        Assert.Equal(OpeningRefusalReason.NodeIsStale, Refusal(Open(One, 1, LogOfTwo, [], stream, 0)).Reason);
        Assert.Equal(OpeningRefusalReason.NodeIsStale, Refusal(Open(One, 1, LogOfThree, [], stream, 0)).Reason);
    }

    [Fact]
    public void Opener_that_knows_less_than_is_uploaded_looks_again()
    {
        StreamState stream = LedByOne();
        Upload(stream, 5);

        Assert.Equal(OpeningRefusalReason.MovedOn, Refusal(Open(One, 1, LogOfOne, [], stream, 4)).Reason);
        Assert.Empty(Open(One, 1, LogOfOne, [], stream, 5, uploadedEnd: 5).Refused);
    }

    // What the opener took from logs would begin before the end, and could never be uploaded: nor could anything behind it.
    [Fact]
    public void L5_stream_of_which_more_was_uploaded_since_its_logs_were_read_is_not_opened()
    {
        StreamState stream = LedByOne();
        Plan(new MarkWalFenced(LogOfOne, 1));
        Upload(stream, 5);

        Assert.Equal(OpeningRefusalReason.MovedOn, Refusal(Open(Two, 1, LogOfTwo, [LogOfOne], stream, 9, uploadedEnd: 0)).Reason);
        Assert.Empty(Open(Two, 1, LogOfTwo, [LogOfOne], stream, 9, uploadedEnd: 5).Refused);
    }

    [Fact]
    public void L2_fenced_log_is_released_once_nobody_needs_it()
    {
        StreamState stream = LedByOne();
        Plan(new MarkWalFenced(LogOfOne, 1));
        Assert.Empty(Release());
        Open(Two, 1, LogOfTwo, [LogOfOne], stream, 0);

        Assert.Equal([LogOfOne], Release());
        Assert.Empty(Release());
        Assert.Equal([LogOfTwo], _image.Wals.Keys);
    }

    private StreamState LedByOne()
    {
        Register(One, LogOfOne);
        Make("t", partitions: 1);
        Register(Two, LogOfTwo);
        return Streams("t").Single();
    }

    private static RegisterNode Registration(NodeId node, WalId log) =>
        new(node, new NodePlace(node == One ? "one:9" : "two:9", "", []), log, "host", $"bucket:wal/{log}/", []);

    private long Register(NodeId node, WalId log) => ((NodeIsRegistered)Plan(Registration(node, log))).NodeEpoch;

    private void Make(string topic, int partitions) => Plan(new MakeTopics([new NewTopic(topic, partitions, new Dictionary<string, string>())]));

    private StreamsOpened Open(NodeId node, long epoch, WalId log, WalId[] read, StreamState stream, long next, long uploadedEnd = 0) =>
        (StreamsOpened)Plan(new OpenStreams(node, epoch, log, read, [new StreamOpening(stream.StreamId, new Offset(uploadedEnd), new Offset(next))]));

    private void Upload(StreamState stream, long end)
    {
        ObjectId id = ((ObjectIdGiven)Plan(GiveObjectId.Instance)).ObjectId;
        StreamRange range = new(stream.StreamId, stream.Epoch, Offset.Zero, new Offset(end), 0, 10, 0, 10, 0, 0);
        Plan(new CommitUpload(new ObjectCommitted(id, new ObjectKey("data/x"), ObjectKind.StreamSet, 100, 0, [range])));
    }

    private static (OpeningRefusalReason Reason, WalId Log) Refusal(StreamsOpened answer)
    {
        OpeningRefusal refusal = Assert.Single(answer.Refused);
        return (refusal.Reason, refusal.Wals is [var wal, ..] ? wal : WalId.None);
    }

    private IEnumerable<WalId> Release() => ((WalsReleased)Plan(ReleasePaidWals.Instance)).Wals.Select(wal => wal.WalId);

    private IEnumerable<StreamState> Streams(string topic) => _image.FindTopic(topic)!.Partitions.Select(id => _image.Streams[id]);

    private IEnumerable<int> Leaders(string topic) => Streams(topic).Select(stream => stream.Leader.Value);

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
