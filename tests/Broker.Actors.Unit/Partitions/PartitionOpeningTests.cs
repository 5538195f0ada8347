using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Unit.Partitions;

/// <summary>How a partition opens, with and without its producers' state, and how it closes.</summary>
public sealed class PartitionOpeningTests : PartitionFixture
{
    [Fact]
    public void Requests_wait_until_the_producers_state_is_loaded()
    {
        IActorRef partition = Start(Epoch, []);
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        partition.Tell(Append(1, TestBatches.Of()), TestActor);
        _wal.ExpectNoMsg(Silence);

        _history.State.SetResult(default);

        Assert.Equal(0, _wal.ExpectMsg<WalAppend>().Batch.BaseOffset.Value);
        Assert.Equal(1, _wal.ExpectMsg<WalAppend>().Batch.BaseOffset.Value);
    }

    [Theory]
    [InlineData(StorageErrorKind.Corrupt)]
    [InlineData(StorageErrorKind.NotFound)]
    public void Partition_whose_state_is_damaged_or_gone_serves_reads_and_refuses_appends(StorageErrorKind kind)
    {
        IActorRef partition = Start(Epoch, []);
        partition.Tell(Append(0, TestBatches.Of()), TestActor);

        _history.State.SetException(new StorageException(kind, "no state"));

        AppendReply refused = ExpectMsg<AppendReply>();
        Assert.Equal(ErrorCode.KafkaStorageError, refused.Error);
        Assert.Contains("no state", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.None, Read(partition, 0).Error);
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public void Partition_tries_on_while_the_store_is_out_of_reach_and_tells_clients_to_come_back()
    {
        _history.IsAway = true;
        IActorRef partition = Start(Epoch, []);
        partition.Tell(AwaitOpen.Instance, TestActor);
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        Assert.Equal(ErrorCode.KafkaStorageError, ExpectMsg<AppendReply>().Error);
        Assert.Equal(ErrorCode.KafkaStorageError, Read(partition, 0).Error);

        _history.IsAway = false;
        _history.State.SetResult(default);
        Assert.Null(ExpectMsg<PartitionOpened>(TimeSpan.FromSeconds(20)).Failure);
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        _wal.ExpectMsg<WalAppend>();
    }

    // DeleteRecords may go beyond what is uploaded; the write-ahead log brings those records back, and with them what is known of their producers.
    [Fact]
    public void P4_batch_of_a_record_that_was_deleted_before_its_upload_is_known_after_a_restart()
    {
        IActorRef before = Open();
        for (int sequence = 0; sequence < 2; sequence++)
        {
            before.Tell(Append(sequence, Sequenced(sequence)), TestActor);
            MakeDurable(before, _wal.ExpectMsg<WalAppend>());
            Assert.Equal(ErrorCode.None, ExpectMsg<AppendReply>().Error);
        }

        IActorRef partition = Start(Epoch + 1, [], logStart: 2);
        partition.Tell(Append(7, Sequenced(1)), TestActor);
        AppendReply repeated = ExpectMsg<AppendReply>();
        Assert.Equal((ErrorCode.None, 1L, 2L), (repeated.Error, repeated.BaseOffset, repeated.LogStartOffset));
        partition.Tell(Append(8, Sequenced(2)), TestActor);
        Assert.Equal(2, _wal.ExpectMsg<WalAppend>().Batch.BaseOffset.Value);
    }

    [Fact]
    public void Closing_answers_what_waits()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        _wal.ExpectMsg<WalAppend>();

        Sys.Stop(partition);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<AppendReply>().Error);
    }
}
