using System.Buffers;
using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Groups;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Groups;

/// <summary>How a coordinator reads its partition of <c>__consumer_offsets</c>, of which some may be damaged.</summary>
public sealed class GroupLoadingTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TopicPartition Topic = new("t", 0);

    private readonly TestClock _clock = new();
    private readonly ListLogger _log = new();
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly TestProbe _partition;

    public GroupLoadingTests() => _partition = CreateTestProbe();

    [Fact]
    public void Commits_around_damaged_ones_are_served_once_nobody_has_restored_these_in_time()
    {
        IActorRef coordinator = Start();
        AnswerRead(from: 0, Records(Commit("before", 1), Commit("group", 2)));
        AnswerRead(from: 2, Unreadable(end: 5));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, Fetch(coordinator, "group").Error);

        _clock.Advance(GroupCoordinatorActor.UnreadablePatience);
        AnswerRead(from: 2, Unreadable(end: 5));
        AnswerRead(from: 5, Records(Commit("group", 7), Commit("after", 8)) with { HighWatermark = new Offset(7) }, baseOffset: 5);

        Assert.Equal([1, 7, 8], new[] { "before", "group", "after" }.Select(group => Fetch(coordinator, group).Offsets.Single().Offset));
        Assert.Contains(_log.Lines, line => line.Contains("Offsets 2 to 4 of __consumer_offsets-3 cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public void Damaged_end_of_the_log_ends_the_loading()
    {
        IActorRef coordinator = Start();
        AnswerRead(from: 0, Records(Commit("group", 2)));
        AnswerRead(from: 1, Unreadable(end: 7));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, Fetch(coordinator, "group").Error);
        _clock.Advance(GroupCoordinatorActor.UnreadablePatience);
        AnswerRead(from: 1, Unreadable(end: 7));

        Assert.Equal(2, Fetch(coordinator, "group").Offsets.Single().Offset);
    }

    [Fact]
    public void Store_that_is_out_of_reach_is_waited_for_however_long_it_takes()
    {
        IActorRef coordinator = Start();
        AnswerRead(from: 0, Unreadable(end: 5) with { UnreadableEnd = null });
        _clock.Advance(GroupCoordinatorActor.UnreadablePatience * 10);
        AnswerRead(from: 0, Unreadable(end: 5) with { UnreadableEnd = null });

        _partition.ExpectMsg<Read>(Patience);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, Fetch(coordinator, "group").Error);
    }

    private IActorRef Start()
    {
        GroupServices services = new(TestOptions.Of().Groups, _buffers, _clock, new SeededIdSource(1).Next, _log);
        IActorRef partition = _partition.Ref;
        return Sys.ActorOf(Props.Create(() => new GroupCoordinatorActor(3, partition, services)));
    }

    private void AnswerRead(long from, ReadReply reply, long baseOffset = 0)
    {
        Assert.Equal(from, _partition.ExpectMsg<Read>(Patience).From.Value);
        if (reply.Error == ErrorCode.None)
        {
            byte[] batch = reply.Records.ToArray();
            RecordBatchPatcher.SetBaseOffset(batch, baseOffset);
            reply = reply with { Records = new ReadOnlySequence<byte>(batch) };
        }

        _partition.Reply(reply);
    }

    private OffsetsFetched Fetch(IActorRef coordinator, string group)
    {
        coordinator.Tell(new FetchOffsets(group, [Topic]), TestActor);
        return ExpectMsg<OffsetsFetched>(Patience);
    }

    private static KeyValue Commit(string group, long offset) => GroupRecords.Offset(group, Topic, new CommittedOffset(offset, -1, "", TestBatches.TimestampMs, -1));

    private ReadReply Records(params KeyValue[] records)
    {
        BufferLease lease = InternalBatch.Build(records, TestBatches.TimestampMs, _buffers);
        return new ReadReply(default, ErrorCode.None, new Offset(7), Offset.Zero, new ReadOnlySequence<byte>(lease.Memory), null);
    }

    private static ReadReply Unreadable(long end) =>
        new(default, ErrorCode.KafkaStorageError, new Offset(7), Offset.Zero, ReadOnlySequence<byte>.Empty, null) { UnreadableEnd = new Offset(end) };
}
