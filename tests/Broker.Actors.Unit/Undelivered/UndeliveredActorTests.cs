using System.Buffers;
using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Undelivered;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.Undelivered;

/// <summary>What becomes of messages to actors that are gone.</summary>
public sealed class UndeliveredActorTests : ActorTest
{
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly MemoryBudget _memory = new(1000);
    private readonly IActorRef _gone;

    public UndeliveredActorTests()
    {
        IActorRef undelivered = Sys.ActorOf(Props.Create(() => new UndeliveredActor(_memory)));
        undelivered.Ask<ActorIdentity>(new Identify(0)).Wait(TimeSpan.FromSeconds(20));
        TestProbe probe = CreateTestProbe();
        _gone = probe.Ref;
        Watch(_gone);
        Sys.Stop(_gone);
        ExpectTerminated(_gone);
    }

    [Fact]
    public void Append_is_answered_and_its_frame_given_back()
    {
        BufferLease frame = _buffers.Rent(10);
        _gone.Tell(new Append(new ReplyTag(4, 2), frame.Memory, frame), TestActor);

        AppendReply reply = ExpectMsg<AppendReply>();
        Assert.Equal((4L, 2, ErrorCode.NotLeaderOrFollower), (reply.Tag.RequestKey, reply.Tag.Index, reply.Error));
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public void Reads_and_look_ups_are_answered()
    {
        _gone.Tell(new Read(new ReplyTag(1, 0), Offset.Zero, 10, -1, WatchBytes: 1), TestActor);
        _gone.Tell(new LookUpOffset(new ReplyTag(2, 0), -1, -1), TestActor);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<ReadReply>().Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<OffsetReply>().Error);
    }

    [Fact]
    public void Group_commands_are_refused()
    {
        _gone.Tell(new Heartbeat(new HeartbeatRequest { GroupId = "g" }), TestActor);
        _gone.Tell(ListGroups.Instance, TestActor);

        Assert.Equal((short)ErrorCode.NotCoordinator, ExpectMsg<HeartbeatResponse>().ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, ExpectMsg<GroupsListed>().Error);
    }

    [Fact]
    public void Wal_append_is_refused_and_its_buffer_given_back()
    {
        BufferLease lease = _buffers.Rent(10);
        _gone.Tell(new WalAppend(new StreamId(1), new CachedBatch(Offset.Zero, Offset.Zero, new LeaderEpoch(0), 0, lease.Memory, Broker.Wire.Records.Crc32C.Compute(lease.Memory.Span), lease, default), 3), TestActor);

        Assert.Equal(3, ExpectMsg<WalRefused>().Generation);
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Frames_and_answers_of_a_closed_connection_give_back_what_they_hold()
    {
        await _memory.ReserveAsync(10, CancellationToken.None);
        Held held = new();
        _gone.Tell(new FrameReceived(_buffers.Rent(10)), ActorRefs.NoSender);
        _gone.Tell(new ReadReply(default, ErrorCode.None, Offset.Zero, Offset.Zero, ReadOnlySequence<byte>.Empty, held), ActorRefs.NoSender);

        AwaitCondition(() => held.IsReleased && _memory.ReservedBytes == 0 && _buffers.OutstandingBytes == 0, TimeSpan.FromSeconds(20));
    }

    private sealed class Held : IDisposable
    {
        private volatile bool _isReleased;

        public bool IsReleased => _isReleased;

        public void Dispose() => _isReleased = true;
    }
}
