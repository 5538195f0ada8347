using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Unit.Partitions;

/// <summary>P6: what a leader that may have been replaced says of what only its successor knows.</summary>
public sealed class DoubtedRefusalsTests : PartitionFixture
{
    private readonly TestProbe _asked;

    public DoubtedRefusalsTests() => _metadata = (_asked = CreateTestProbe()).Ref;

    [Fact]
    public void P6_refusals_for_good_wait_until_the_store_says_that_nobody_else_leads()
    {
        IActorRef partition = Open();
        partition.Tell(Append(0, Sequenced(0, epoch: 1)), TestActor);
        _wal.ExpectMsg<WalAppend>();
        AskOutOfRange(partition);
        _asked.ExpectMsg<ConfirmMetadata>();

        // What comes while it is looked waits for the next look.
        partition.Tell(Append(1, Sequenced(7, epoch: 1)), TestActor);
        partition.Tell(Append(2, Sequenced(1, epoch: 0)), TestActor);
        ExpectNoMsg(Silence);
        partition.Tell(new MetadataConfirmed(IsKnown: true), _asked.Ref);
        Assert.Equal(ErrorCode.OffsetOutOfRange, ExpectMsg<ReadReply>().Error);
        ExpectNoMsg(Silence);
        _asked.ExpectMsg<ConfirmMetadata>();
        partition.Tell(new MetadataConfirmed(IsKnown: true), _asked.Ref);

        Assert.Equal([ErrorCode.OutOfOrderSequenceNumber, ErrorCode.InvalidProducerEpoch], new[] { ExpectMsg<AppendReply>().Error, ExpectMsg<AppendReply>().Error });
        _asked.ExpectNoMsg(Silence);
    }

    [Fact]
    public void P6_client_asks_again_where_the_store_does_not_answer_or_another_node_leads()
    {
        IActorRef partition = Open();
        AskOutOfRange(partition);
        _asked.ExpectMsg<ConfirmMetadata>();
        partition.Tell(new MetadataConfirmed(IsKnown: false), _asked.Ref);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ExpectMsg<ReadReply>().Error);

        // The one is looked for, the other waits; then the metadata show another leader.
        AskOutOfRange(partition);
        AskOutOfRange(partition);
        _asked.ExpectMsg<ConfirmMetadata>();
        Sys.Stop(partition);

        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.NotLeaderOrFollower], new[] { ExpectMsg<ReadReply>().Error, ExpectMsg<ReadReply>().Error });
    }

    private void AskOutOfRange(IActorRef partition) => partition.Tell(new Read(default, new Offset(77), int.MaxValue, -1, WatchBytes: 0), TestActor);
}
