using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Partitions;

/// <summary>X1 and X2: how a node, here node 2, gives up what it leads.</summary>
public sealed class ResigningActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly PartitionDirectory _partitions = new();
    private readonly TestProbe _partition;
    private readonly TestProbe _uploads;
    private readonly TestProbe _seating;

    public ResigningActorTests() => (_partition, _uploads, _seating) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());

    [Fact]
    public async Task X1_stream_is_closed_when_all_of_it_is_uploaded_and_appends_wait()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        IActorRef resigning = Start(ground);
        resigning.Tell(new ResignStreams(ground.Streams), TestActor);

        // As when its node is stopped while it moves.
        TestProbe another = CreateTestProbe();
        resigning.Tell(new ResignStreams(ground.Streams), another.Ref);

        // While it serves, the bulk.
        _partition.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        AnswerUploadsUntilHandOver();
        _uploads.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        CommitUpload upload = await ground.UploadAsync(ground.Streams[0], new Offset(5));
        long before = ground.View.Current.Version;
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), new Offset(5))));
        _uploads.ExpectMsg<FlushUploads>(Patience);
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Assert.Equal(Two, ground.View.Current.Streams[ground.Streams[0]].Leader);

        // One commit holds the upload and the closing (C5).
        await ground.AskAsync<UploadCommitted>(upload);
        Assert.Equal((before + 1, NodeId.None), (ground.View.Current.Version, ground.View.Current.Streams[ground.Streams[0]].Leader));
        _uploads.Reply(UploadsFlushed.Instance);

        Assert.Equal(ground.Streams[0], ExpectMsg<Resigned>(Patience).Stream);
        Assert.Equal(ground.Streams[0], another.ExpectMsg<Resigned>(Patience).Stream);
        Assert.Equal(NodeId.None, ground.View.Current.Streams[ground.Streams[0]].Leader);
    }

    [Fact]
    public async Task X1_partition_keeps_its_leader_when_what_it_holds_cannot_be_uploaded()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        Start(ground).Tell(new ResignStreams(ground.Streams), TestActor);
        AnswerUploadsUntilHandOver();
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), new Offset(5))));

        // The last upload never ends.
        _uploads.ExpectMsg<FlushUploads>(Patience);
        _partition.ExpectMsg<KeepLeading>(Patience);
        Assert.Equal(Two, ground.View.Current.Streams[ground.Streams[0]].Leader);
        _seating.ExpectNoMsg(TimeSpan.FromMilliseconds(50));

        // And it is tried again.
        AnswerUploadsUntilHandOver();
    }

    // What it would take now the next leader, who opens it where it was closed, would never see.
    [Fact]
    public async Task X1_partition_that_was_closed_takes_no_appends_again_when_another_of_its_round_stays()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 2, records: 0);
        TestProbe staying = CreateTestProbe();
        _partitions.Add(ground.Streams[1], staying.Ref, new PartitionLoad());
        Start(ground).Tell(new ResignStreams(ground.Streams), TestActor);
        AnswerUploadsUntilHandOver();
        staying.ExpectMsg<HandOver>(Patience);
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)));
        staying.Reply(new HandedOver(new StreamEnd(ground.Streams[1], new LeaderEpoch(0), new Offset(5))));

        // The last upload, of the other one, never ends.
        staying.ExpectMsg<KeepLeading>(Patience);

        Assert.Equal([NodeId.None, Two], ground.Streams.Select(stream => ground.View.Current.Streams[stream].Leader));
        _partition.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task Partition_that_cannot_be_given_up_does_not_hold_up_the_others()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 2, records: 0);
        TestProbe stuck = CreateTestProbe();
        _partitions.Add(ground.Streams[1], stuck.Ref, new PartitionLoad());
        IActorRef resigning = Start(ground);
        resigning.Tell(new ResignStreams(ground.Streams), TestActor);

        // Both together, of which one never answers; then each alone.
        AnswerUploadsUntilHandOver();
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)));
        _partition.ExpectMsg<KeepLeading>(Patience);
        AnswerUploadsUntilHandOver();
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)));
        AnswerUpload();

        Assert.Equal(ground.Streams[0], ExpectMsg<Resigned>(Patience).Stream);
    }

    [Fact]
    public async Task X2_stream_whose_closing_is_in_doubt_is_opened_anew_before_it_takes_appends()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        ground.CommitsAreRefused = true;
        Start(ground).Tell(new ResignStreams(ground.Streams), TestActor);
        AnswerUploadsUntilHandOver();
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)));
        AnswerUpload();

        Assert.Equal([(ground.Streams[0], new LeaderEpoch(0))], _seating.ExpectMsg<SeatAnew>(Patience).Streams);

        // Nor by a next round that fails: what it takes under that epoch another one may have closed by then.
        _uploads.ExpectNoMsg(TimeSpan.FromMilliseconds(1500));
        _partition.ExpectNoMsg(TimeSpan.Zero);

        // Whoever is to open it may not have heard.
        Assert.Equal(ground.Streams[0], _seating.ExpectMsg<SeatAnew>(Patience).Streams[0].Stream);

        // Opened anew it is given up like any other.
        ground.CommitsAreRefused = false;
        await ground.AskAsync<StreamsOpened>(new OpenStreams(Two, 1, ClusterGround.LogOfTwo, [], [new StreamOpening(ground.Streams[0], Offset.Zero, Offset.Zero)]));
        AnswerUploadsUntilHandOver();
    }

    [Fact]
    public async Task X2_stream_of_which_less_is_uploaded_than_it_says_is_opened_anew()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        Start(ground).Tell(new ResignStreams(ground.Streams), TestActor);
        AnswerUploadsUntilHandOver();
        _partition.Reply(new HandedOver(new StreamEnd(ground.Streams[0], new LeaderEpoch(0), new Offset(5))));
        AnswerUpload();

        Assert.Equal([(ground.Streams[0], new LeaderEpoch(0))], _seating.ExpectMsg<SeatAnew>(Patience).Streams);
        Assert.Equal(Two, ground.View.Current.Streams[ground.Streams[0]].Leader);
    }

    [Fact]
    public async Task Stream_that_the_node_does_not_lead_is_given_up_at_once()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        IActorRef resigning = Start(ground, One);

        resigning.Tell(new ResignStreams([ground.Streams[0], new StreamId(77)]), TestActor);

        Assert.Equal([ground.Streams[0], new StreamId(77)], new[] { ExpectMsg<Resigned>(Patience), ExpectMsg<Resigned>(Patience) }.Select(one => one.Stream).Order());
    }

    // Those that take long are followed by another one.
    private void AnswerUploadsUntilHandOver()
    {
        AnswerUpload();
        AwaitCondition(
            () =>
            {
                if (_uploads.HasMessages)
                {
                    AnswerUpload();
                }

                return _partition.HasMessages;
            },
            Patience);
        _partition.ExpectMsg<HandOver>(Patience);
    }

    private void AnswerUpload()
    {
        _uploads.ExpectMsg<FlushUploads>(Patience);
        _uploads.Reply(UploadsFlushed.Instance);
    }

    private IActorRef Start(ClusterGround ground, NodeId? node = null)
    {
        _partitions.Add(ground.Streams[0], _partition.Ref, new PartitionLoad());
        ResigningServices services = new(node ?? Two, ground.View, _partitions, ground.Client, _uploads.Ref, _seating.Ref, TimeProvider.System, NullLogger.Instance);
        return Sys.ActorOf(Props.Create(() => new ResigningActor(services)));
    }
}
