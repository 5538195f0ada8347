using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Wire;

namespace Broker.Actors.Unit.Partitions;

/// <summary>P7: a client's first batches wait for the leader before, which hangs, and those that came after are sent to this one.</summary>
public sealed class PartitionFirstBatchTests : PartitionFixture
{
    private const int FirstEpoch = 0;

    [Fact]
    public void P7_later_batch_of_a_producer_that_is_not_known_waits_for_its_first_ones()
    {
        IActorRef partition = Open();
        partition.Tell(Append(1, Sequenced(1)), TestActor);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<AppendReply>().Error);

        Send(partition, 0);
        Send(partition, 1);
    }

    // Its client has given the first ones up by then, or never had any: it was forgotten.
    [Fact]
    public void P7_producer_that_is_not_known_begins_anywhere_some_time_after_the_partition_was_opened()
    {
        IActorRef partition = Open();
        _clock.Advance(TimeSpan.FromSeconds(74));
        partition.Tell(Append(1, Sequenced(7)), TestActor);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<AppendReply>().Error);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Send(partition, 7);
    }

    [Fact]
    public void P7_producer_that_outlives_a_topic_goes_on_in_the_one_that_takes_its_name() => Send(Open(FirstEpoch), 7);

    private void Send(IActorRef partition, int sequence)
    {
        partition.Tell(Append(sequence, Sequenced(sequence)), TestActor);
        MakeDurable(partition, _wal.ExpectMsg<WalAppend>());
        Assert.Equal(ErrorCode.None, ExpectMsg<AppendReply>().Error);
    }
}
