using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Undelivered;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Unit.Partitions;

/// <summary>P5: how a partition gets ready to be led elsewhere.</summary>
public sealed class PartitionHandOverTests : PartitionFixture
{
    [Fact]
    public void P5_what_is_on_its_way_to_the_log_is_seen_to_its_end_and_nothing_follows_it()
    {
        IActorRef partition = Open();
        partition.Tell(Append(1, TestBatches.Of(3)), TestActor);
        WalAppend onItsWay = _wal.ExpectMsg<WalAppend>();

        partition.Tell(HandOver.Instance, TestActor);
        partition.Tell(Append(2, TestBatches.Of(1)), TestActor);
        ExpectNoMsg(Silence);
        MakeDurable(partition, onItsWay);

        Assert.Equal(ErrorCode.None, ExpectMsg<AppendReply>().Error);
        Assert.Equal(new HandedOver(new StreamEnd(Stream, new LeaderEpoch(Epoch), new Offset(3))), ExpectMsg<HandedOver>());
        _wal.ExpectNoMsg(Silence);
        Assert.Equal(new Offset(3), Read(partition, 0).HighWatermark);
    }

    [Fact]
    public void P5_what_the_log_refuses_is_not_part_of_it()
    {
        IActorRef partition = Open();
        partition.Tell(Append(1, TestBatches.Of(3)), TestActor);
        WalAppend onItsWay = _wal.ExpectMsg<WalAppend>();
        partition.Tell(HandOver.Instance, TestActor);
        partition.Tell(new WalRefused(onItsWay.Generation, ErrorCode.KafkaStorageError, "test"), _wal.Ref);

        Assert.Equal(ErrorCode.KafkaStorageError, ExpectMsg<AppendReply>().Error);
        Assert.Equal(Offset.Zero, ExpectMsg<HandedOver>().At.End);
    }

    [Fact]
    public void What_waits_is_refused_when_the_partition_closes_so_that_clients_look_for_the_next_leader()
    {
        MemoryBudget memory = new(1 << 20);
        Sys.ActorOf(Props.Create(() => new UndeliveredActor(memory)));
        IActorRef partition = Open();
        partition.Tell(HandOver.Instance, TestActor);
        ExpectMsg<HandedOver>();
        partition.Tell(Append(1, TestBatches.Of(1)), TestActor);
        partition.Tell(Append(2, TestBatches.Of(1)), TestActor);
        ExpectNoMsg(Silence);

        Sys.Stop(partition);

        Assert.All([ExpectMsg<AppendReply>(), ExpectMsg<AppendReply>()], reply => Assert.Equal(ErrorCode.NotLeaderOrFollower, reply.Error));
        AwaitCondition(() => _buffers.OutstandingBytes == 0);
    }

    [Fact]
    public void What_waits_is_appended_when_the_partition_stays()
    {
        IActorRef partition = Open();
        partition.Tell(HandOver.Instance, TestActor);
        ExpectMsg<HandedOver>();
        partition.Tell(Append(1, TestBatches.Of(1)), TestActor);
        partition.Tell(Append(2, TestBatches.Of(1)), TestActor);

        partition.Tell(KeepLeading.Instance, TestActor);

        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        Assert.Equal([(1L, 0L), (2L, 1L)], new[] { ExpectMsg<AppendReply>(), ExpectMsg<AppendReply>() }.Select(reply => (reply.Tag.RequestKey, reply.BaseOffset)));
    }
}
