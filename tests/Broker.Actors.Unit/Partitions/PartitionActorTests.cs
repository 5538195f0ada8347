using System.Buffers;
using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Partitions;

/// <summary>P1 to P4 of a partition's actor, and what readers see of it.</summary>
public sealed class PartitionActorTests : PartitionFixture
{
    [Fact]
    public void P1_offsets_are_given_out_without_gaps_and_written_into_the_batches()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        partition.Tell(Append(1, TestBatches.Of(2)), TestActor);

        WalAppend first = _wal.ExpectMsg<WalAppend>();
        WalAppend second = _wal.ExpectMsg<WalAppend>();

        Assert.Equal((0, 2, 3, 4), (first.Batch.BaseOffset.Value, first.Batch.LastOffset.Value, second.Batch.BaseOffset.Value, second.Batch.LastOffset.Value));
        RecordBatchView patched = new(second.Batch.Payload.Span);
        Assert.Equal((3L, Epoch, true), (patched.BaseOffset, patched.PartitionLeaderEpoch, patched.IsCrcValid));
    }

    [Fact]
    public void P1_high_watermark_is_the_durable_end()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        WalAppend append = _wal.ExpectMsg<WalAppend>();
        Assert.Equal(0, Read(partition, 0).HighWatermark.Value);

        MakeDurable(partition, append);
        ExpectMsg<AppendReply>();

        using ReadReply read = Read(partition, 0);
        Assert.Equal((3L, ErrorCode.None), (read.HighWatermark.Value, read.Error));
        Assert.False(read.Records.IsEmpty);
    }

    // A reader that was shown more would ask for what comes behind that, and be told that this is out of range.
    [Fact]
    public void P1_reader_is_shown_nothing_beyond_the_high_watermark()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        partition.Tell(Append(1, TestBatches.Of(2)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();
        PutIntoCache(_wal.ExpectMsg<WalAppend>());

        using ReadReply read = Read(partition, 0);

        Assert.Equal((3L, 3L), (read.HighWatermark.Value, read.Offsets));
        Assert.Equal(3, new RecordBatchView(read.Records.ToArray()).RecordCount);
        Assert.Equal(new RecordBatchView(read.Records.ToArray()).SizeInBytes, read.Records.Length);
    }

    [Fact]
    public void P2_append_is_answered_when_it_and_all_before_it_is_durable()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        partition.Tell(Append(1, TestBatches.Of(2)), TestActor);
        WalAppend first = _wal.ExpectMsg<WalAppend>();
        WalAppend second = _wal.ExpectMsg<WalAppend>();
        ExpectNoMsg(Silence);

        MakeDurable(partition, first);
        Assert.Equal(0L, ExpectMsg<AppendReply>().Tag.RequestKey);
        ExpectNoMsg(Silence);

        MakeDurable(partition, second);
        AppendReply reply = ExpectMsg<AppendReply>();
        Assert.Equal((1L, 3L, ErrorCode.None), (reply.Tag.RequestKey, reply.BaseOffset, reply.Error));
    }

    [Fact]
    public void P3_refusal_fails_everything_numbered_after_it_and_its_offsets_are_given_again()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();
        partition.Tell(Append(1, TestBatches.Of(2)), TestActor);
        partition.Tell(Append(2, TestBatches.Of(2)), TestActor);
        Assert.Equal(0, _wal.ExpectMsg<WalAppend>().Generation);
        _wal.ExpectMsg<WalAppend>();

        partition.Tell(new WalRefused(0, ErrorCode.KafkaStorageError, "full"));

        Assert.Equal(ErrorCode.KafkaStorageError, ExpectMsg<AppendReply>().Error);
        Assert.Equal(ErrorCode.KafkaStorageError, ExpectMsg<AppendReply>().Error);
        partition.Tell(Append(3, TestBatches.Of()), TestActor);
        WalAppend again = _wal.ExpectMsg<WalAppend>();
        Assert.Equal((3L, 1), (again.Batch.BaseOffset.Value, again.Generation));
    }

    [Fact]
    public void P3_what_the_wal_says_of_an_older_generation_changes_nothing()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        _wal.ExpectMsg<WalAppend>();
        partition.Tell(new WalRefused(0, ErrorCode.KafkaStorageError, "full"));
        ExpectMsg<AppendReply>();
        partition.Tell(Append(1, TestBatches.Of()), TestActor);
        _wal.ExpectMsg<WalAppend>();

        partition.Tell(new WalRefused(0, ErrorCode.KafkaStorageError, "full"));
        partition.Tell(new WalAppended(new Offset(1), 0));

        ExpectNoMsg(Silence);
        Assert.Equal(0, Read(partition, 0).HighWatermark.Value);
    }

    [Fact]
    public void P3_producers_go_on_where_the_refusal_left_them()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0)), TestActor);
        _wal.ExpectMsg<WalAppend>();
        partition.Tell(new WalRefused(0, ErrorCode.KafkaStorageError, "full"));
        ExpectMsg<AppendReply>();

        partition.Tell(Append(1, Sequenced(0)), TestActor);

        Assert.Equal(0, _wal.ExpectMsg<WalAppend>().Batch.BaseOffset.Value);
    }

    [Fact]
    public void P4_repeated_batch_is_answered_with_its_first_offset_and_not_appended()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0)), TestActor);
        partition.Tell(Append(1, Sequenced(0)), TestActor);
        WalAppend append = _wal.ExpectMsg<WalAppend>();
        _wal.ExpectNoMsg(Silence);
        ExpectNoMsg(Silence);

        MakeDurable(partition, append);
        Assert.All(new[] { ExpectMsg<AppendReply>(), ExpectMsg<AppendReply>() }, reply => Assert.Equal((ErrorCode.None, 0L), (reply.Error, reply.BaseOffset)));

        partition.Tell(Append(2, Sequenced(0)), TestActor);
        AppendReply late = ExpectMsg<AppendReply>();
        Assert.Equal((2L, ErrorCode.None, 0L), (late.Tag.RequestKey, late.Error, late.BaseOffset));
        _wal.ExpectNoMsg(Silence);
    }

    [Fact]
    public void P4_producer_is_known_again_after_a_restart()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();

        IActorRef reopened = Open(Epoch + 1);
        reopened.Tell(Append(1, Sequenced(0)), TestActor);

        AppendReply repeated = ExpectMsg<AppendReply>();
        Assert.Equal((ErrorCode.None, 0L), (repeated.Error, repeated.BaseOffset));
        _wal.ExpectNoMsg(Silence);
    }

    [Fact]
    public void P4_producer_of_old_records_is_not_forgotten_while_it_writes()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(1, producerId: 9, producerEpoch: 0, baseSequence: 0, timestampMs: 1000)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();

        partition.Tell(new CaptureProducerState(new Offset(1)), TestActor);
        Assert.False(ExpectMsg<ProducerState>().Bytes.IsEmpty);

        _clock.Advance(TimeSpan.FromDays(2));
        partition.Tell(new CaptureProducerState(new Offset(1)), TestActor);
        Assert.True(ExpectMsg<ProducerState>().Bytes.IsEmpty);
    }

    [Fact]
    public void P4_state_for_an_upload_waits_for_the_batches_that_the_upload_holds()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0)), TestActor);
        WalAppend append = _wal.ExpectMsg<WalAppend>();

        partition.Tell(new CaptureProducerState(append.Batch.LastOffset + 1), TestActor);
        ExpectNoMsg(Silence);

        MakeDurable(partition, append);
        ExpectMsg<AppendReply>();
        Assert.False(ExpectMsg<ProducerState>().Bytes.IsEmpty);
    }

    [Fact]
    public void Producer_with_a_gap_or_an_old_epoch_is_refused()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0, epoch: 1)), TestActor);
        _wal.ExpectMsg<WalAppend>();

        partition.Tell(Append(1, Sequenced(7, epoch: 1)), TestActor);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, ExpectMsg<AppendReply>().Error);
        partition.Tell(Append(2, Sequenced(1, epoch: 0)), TestActor);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, ExpectMsg<AppendReply>().Error);
    }

    [Fact]
    public void Refused_appends_give_their_frames_back()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, []), TestActor);

        Assert.Equal(ErrorCode.InvalidRecord, ExpectMsg<AppendReply>().Error);
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public void Log_append_time_is_stamped_and_told()
    {
        IActorRef partition = Open(config: [("message.timestamp.type", "LogAppendTime")]);
        partition.Tell(Append(0, TestBatches.Of(timestampMs: 5)), TestActor);
        WalAppend append = _wal.ExpectMsg<WalAppend>();
        MakeDurable(partition, append);

        Assert.Equal(_clock.NowMs, ExpectMsg<AppendReply>().LogAppendTimeMs);
        using ReadReply read = Read(partition, 0);
        RecordBatchView stamped = new(read.Records.ToArray());
        Assert.Equal((_clock.NowMs, TimestampType.LogAppendTime, true), (stamped.MaxTimestamp, stamped.TimestampType, stamped.IsCrcValid));
    }

    [Fact]
    public void Record_that_leaves_the_cache_while_the_store_is_searched_is_found_by_its_timestamp()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of()), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();
        _history.WhileSearched = () => _cache.Remove(Stream);

        partition.Tell(new LookUpOffset(default, TestBatches.TimestampMs, -1), TestActor);

        Assert.Equal(0, ExpectMsg<OffsetReply>().Offset);
    }

    [Theory]
    [InlineData(-1, ErrorCode.OffsetOutOfRange)]
    [InlineData(1, ErrorCode.OffsetOutOfRange)]
    [InlineData(0, ErrorCode.None)]
    public void Read_outside_of_the_log_is_out_of_range(long offset, ErrorCode error)
    {
        IActorRef partition = Open();

        Assert.Equal(error, Read(partition, offset).Error);
    }

    [Theory]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(Epoch, ErrorCode.None)]
    [InlineData(Epoch - 1, ErrorCode.FencedLeaderEpoch)]
    [InlineData(Epoch + 1, ErrorCode.UnknownLeaderEpoch)]
    public void Clients_leader_epoch_is_checked(int epoch, ErrorCode error)
    {
        IActorRef partition = Open();
        partition.Tell(new Read(default, Offset.Zero, 1000, epoch, WatchBytes: 0), TestActor);
        partition.Tell(new LookUpOffset(default, -1, epoch), TestActor);

        Assert.Equal(error, ExpectMsg<ReadReply>().Error);
        Assert.Equal(error, ExpectMsg<OffsetReply>().Error);
    }

    [Fact]
    public void Watcher_hears_once_when_there_is_more_and_not_after_it_stopped_watching()
    {
        IActorRef partition = Open();
        partition.Tell(new Read(new ReplyTag(1, 0), Offset.Zero, 1000, -1, WatchBytes: 1), TestActor);
        partition.Tell(new Read(new ReplyTag(2, 0), Offset.Zero, 1000, -1, WatchBytes: 1), TestActor);
        ExpectMsg<ReadReply>();
        ExpectMsg<ReadReply>();
        partition.Tell(new Unwatch(2), TestActor);

        partition.Tell(Append(7, TestBatches.Of()), ActorRefs.NoSender);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());

        Assert.Equal(1, ExpectMsg<Advanced>().RequestKey);
        ExpectNoMsg(Silence);
    }

    [Fact]
    public void Watch_for_what_is_there_already_is_answered_at_once()
    {
        IActorRef partition = Open();
        partition.Tell(Append(7, TestBatches.Of()), ActorRefs.NoSender);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());

        long size = TestBatches.Of().Length;
        Assert.Equal(size, Read(partition, 0).Mark);

        partition.Tell(new Watch(new ReplyTag(1, 0), size + 1), TestActor);
        ExpectNoMsg(Silence);
        partition.Tell(new Watch(new ReplyTag(2, 0), size), TestActor);

        Assert.Equal(new Advanced(new ReplyTag(2, 0), size), ExpectMsg<Advanced>());
    }

    [Fact]
    public void Watcher_hears_when_there_is_as_much_as_it_waits_for()
    {
        IActorRef partition = Open();
        long size = TestBatches.Of().Length;
        partition.Tell(new Read(new ReplyTag(1, 0), Offset.Zero, 1000, -1, WatchBytes: (2 * size) + 1), TestActor);
        ExpectMsg<ReadReply>();
        for (int i = 0; i < 2; i++)
        {
            partition.Tell(Append(7, TestBatches.Of()), ActorRefs.NoSender);
            MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        }

        ExpectNoMsg(Silence);
        partition.Tell(Append(7, TestBatches.Of()), ActorRefs.NoSender);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());

        Assert.Equal(3 * size, ExpectMsg<Advanced>().Mark);
    }

    [Fact]
    public void Read_of_no_bytes_tells_how_the_partition_stands()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, TestBatches.Of(3)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        ExpectMsg<AppendReply>();

        partition.Tell(new Read(default, Offset.Zero, 0, -1, WatchBytes: 1), TestActor);

        ReadReply reply = ExpectMsg<ReadReply>();
        Assert.Equal((3L, ErrorCode.None, true), (reply.HighWatermark.Value, reply.Error, reply.Records.IsEmpty));
    }
}
