using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Partitions;

/// <summary>S1 and S2: how a node comes to lead what another led.</summary>
public sealed class SeatingActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly ListLogger _log = new();
    private readonly TestProbe _uploads;
    private readonly LogCache _cache = new(new LogCacheOptions(), TimeProvider.System);

    public SeatingActorTests() => _uploads = CreateTestProbe();

    [Fact]
    public async Task S1_streams_of_a_dead_node_are_opened_behind_what_its_log_holds_with_all_of_it_in_the_cache()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 3, records: 5);
        await FenceAsync(ground);

        Start(ground).Tell(new SeatStreams([ground.Streams[0], ground.Streams[2]]));

        AwaitCondition(() => IsOpen(ground, ground.Streams[0]) && IsOpen(ground, ground.Streams[2]), Patience);
        StreamState opened = ground.View.Current.FindStream(ground.Streams[2])!;
        Assert.Equal((LogOfOne, 1, 50), (opened.Wal, opened.Epoch.Value, opened.EpochHistory[^1].StartOffset.Value));
        Assert.Equal([new Offset(50), null, new Offset(50)], ground.Streams.Select(_cache.CachedEnd));
        Assert.Equal(Two, ground.View.Current.FindStream(ground.Streams[1])!.Leader);

        // Until that is uploaded the log is not released.
        _uploads.ExpectMsg<FlushUploads>(Patience);
    }

    [Fact]
    public async Task What_a_take_over_leaves_out_behind_a_gap_is_told()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 5, missing: 3);
        await FenceAsync(ground);

        Start(ground).Tell(new SeatStreams(ground.Streams));

        AwaitCondition(() => IsOpen(ground, ground.Streams[0]), Patience);
        Assert.Equal(30, ground.View.Current.FindStream(ground.Streams[0])!.EpochHistory[^1].StartOffset.Value);
        AwaitAssert(() => Assert.Contains(_log.Lines, line => line.Contains("records before them are missing", StringComparison.Ordinal) && line.Contains("offsets 40 to 49", StringComparison.Ordinal)), Patience);
    }

    [Fact]
    public async Task Stream_whose_log_is_not_fenced_waits_for_that()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 1);
        Start(ground).Tell(new SeatStreams(ground.Streams));
        await ground.AskAsync<ProducerIdGiven>(GiveProducerId.Instance);
        Assert.Equal(Two, ground.View.Current.FindStream(ground.Streams[0])!.Leader);

        await FenceAsync(ground);

        AwaitCondition(() => IsOpen(ground, ground.Streams[0]), Patience);
    }

    // Whether the commit held nobody knows at first; the records must be there before the partition opens.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S1_S2_opening_whose_commit_is_in_doubt_is_made_good(bool holds)
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 5);
        await FenceAsync(ground);
        (ground.CommitsAreInDoubt, ground.CommitsAreRefused) = (holds, !holds);
        Start(ground).Tell(new SeatStreams(ground.Streams));
        AwaitCondition(() => IsHeld(ground), Patience);
        await ground.Client.Ask(GiveProducerId.Instance, Patience);

        (ground.CommitsAreInDoubt, ground.CommitsAreRefused) = (false, false);

        AwaitCondition(() => IsOpen(ground, ground.Streams[0]), Patience);
        Assert.Equal(new Offset(50), _cache.CachedEnd(ground.Streams[0]));
        Assert.Equal(50, ground.View.Current.FindStream(ground.Streams[0])!.EpochHistory[^1].StartOffset.Value);
    }

    [Fact]
    public async Task Stream_that_is_no_longer_this_nodes_to_lead_is_not_opened()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 2, records: 1);
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams(ground.Streams));
        seating.Tell(new UnseatStreams([ground.Streams[0]]));
        await FenceAsync(ground);

        AwaitCondition(() => IsOpen(ground, ground.Streams[1]), Patience);
        Assert.Equal(Two, ground.View.Current.FindStream(ground.Streams[0])!.Leader);
    }

    [Fact]
    public async Task Whoever_asks_for_a_seat_hears_when_it_is_taken_or_why_it_never_will_be()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 1);
        await ground.AskAsync<TopicsChanged>(new MakeTopics([new NewTopic("gone", 1, new Dictionary<string, string>())]));
        StreamId gone = Assert.Single(ground.View.Current.FindTopic("gone")!.Partitions);
        await ground.AskAsync<TopicsChanged>(new RemoveTopics([ground.View.Current.FindTopic("gone")!.TopicId]));
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams([ground.Streams[0], gone]), TestActor);
        Assert.Equal(gone, ExpectMsg<NotSeated>(Patience).Stream);

        await FenceAsync(ground);
        Assert.Equal(ground.Streams[0], ExpectMsg<Seated>(Patience).Stream);

        // Once more, and when it is no longer wanted.
        seating.Tell(new SeatStreams(ground.Streams), TestActor);
        Assert.Equal(ground.Streams[0], ExpectMsg<Seated>(Patience).Stream);
        seating.Tell(new UnseatStreams(ground.Streams), TestActor);
        Assert.Equal(ground.Streams[0], ExpectMsg<Seated>(Patience).Stream);
    }

    // The manager opens the partition, and has it seated, before the node's metadata are shown.
    [Fact]
    public async Task Seat_of_a_stream_that_is_not_known_yet_waits_until_it_is_also_when_it_is_given_up_meanwhile()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        StreamId next = ground.View.Current.NextStreamId;
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams([next, new StreamId(next.Value + 1)]), TestActor);
        seating.Tell(new UnseatStreams([new StreamId(next.Value + 1)]), TestActor);
        ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        await ground.AskAsync<TopicsChanged>(new MakeTopics([new NewTopic("new", 2, new Dictionary<string, string>()) { Leaders = [One, One] }]));

        Assert.Equal([next, new StreamId(next.Value + 1)], new[] { ExpectMsg<Seated>(Patience).Stream, ExpectMsg<Seated>(Patience).Stream }.Order());
    }

    [Fact]
    public async Task Seat_that_waits_for_its_stream_can_be_given_up()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 1);
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams(ground.Streams), TestActor);

        seating.Tell(new UnseatStreams(ground.Streams), TestActor);

        Assert.Equal(ground.Streams[0], ExpectMsg<NotSeated>(Patience).Stream);
    }

    [Fact]
    public async Task Stream_that_its_leader_has_closed_is_opened_without_reading_anything()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams(ground.Streams), TestActor);
        await ground.AskAsync<StreamsAreClosed>(new CloseStreams([new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)]));

        ExpectMsg<Seated>(Patience);
        Assert.Equal((One, LogOfOne), (ground.View.Current.Streams[ground.Streams[0]].Leader, ground.View.Current.Streams[ground.Streams[0]].Wal));
    }

    // X2.
    [Fact]
    public async Task Stream_is_seated_anew_under_another_epoch_behind_what_the_cache_holds()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        await FenceAsync(ground);
        IActorRef seating = Start(ground);
        seating.Tell(new SeatStreams(ground.Streams), TestActor);
        ExpectMsg<Seated>(Patience);
        BufferLease lease = _buffers.Rent(10);
        _cache.Append(ground.Streams[0], new CachedBatch(Offset.Zero, new Offset(49), new LeaderEpoch(1), 0, lease.Memory, 0, lease, new WalPosition(1)));

        seating.Tell(new SeatAnew([(ground.Streams[0], new LeaderEpoch(1))]));

        AwaitCondition(() => ground.View.Current.FindStream(ground.Streams[0])!.Epoch.Value == 2 && !IsHeld(ground), Patience);
        Assert.Equal(50, ground.View.Current.FindStream(ground.Streams[0])!.EpochHistory[^1].StartOffset.Value);

        // Once: its partition takes appends by now, and another opening would give out their numbers again.
        seating.Tell(new SeatAnew([(ground.Streams[0], new LeaderEpoch(1))]));
        seating.Tell(new SeatStreams(ground.Streams), TestActor);
        ExpectMsg<Seated>(Patience);
        Assert.Equal(2, ground.View.Current.FindStream(ground.Streams[0])!.Epoch.Value);
    }

    // L5: a node that was taken for dead uploads still, while its log is being read.
    [Fact]
    public async Task L5_what_a_stream_s_last_leader_uploads_while_its_log_is_read_is_not_brought_back()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 5);
        await FenceAsync(ground);
        CommitUpload late = await ground.UploadAsync(ground.Streams[0], new Offset(20));
        int reads = 0;
        FaultyObjectStore store = new(ground.Bucket, (request, key, _) =>
        {
            if (request == StoreRequest.Get && key.Value.StartsWith("wal/", StringComparison.Ordinal) && Interlocked.Increment(ref reads) == 1)
            {
                ground.AskAsync<UploadCommitted>(late).GetAwaiter().GetResult();
            }

            return Fault.None;
        });

        Start(ground, store).Tell(new SeatStreams(ground.Streams));

        AwaitCondition(() => IsOpen(ground, ground.Streams[0]), Patience);
        Assert.Equal(new Offset(50), _cache.CachedEnd(ground.Streams[0]));
        Assert.Equal(new Offset(20), Assert.Single(_cache.Seal(int.MaxValue).Streams).Batches[0].BaseOffset);
    }

    private static async Task FenceAsync(ClusterGround ground)
    {
        await FencedBucketWal.FenceAsync(ground.Bucket, BucketWalOptions.PrefixOf(LogOfTwo), 1, TimeProvider.System, new SystemIdSource(), CancellationToken.None);
        await ground.AskAsync<CommandDone>(new MarkWalFenced(LogOfTwo, 1));
    }

    private static bool IsHeld(ClusterGround ground)
    {
        lock (ground.Held)
        {
            return ground.Held.Count > 0;
        }
    }

    private static bool IsOpen(ClusterGround ground, StreamId stream) => ground.View.Current.FindStream(stream)!.Leader == One && !IsHeld(ground);

    private IActorRef Start(ClusterGround ground, IObjectStore? store = null)
    {
        SeatingServices services = new(One, 1, LogOfOne, ground.View, ground.Client, ground.Manager, store ?? ground.Bucket, new StorageSources(TimeProvider.System, new SystemIdSource(), new Random(1)), _cache, _buffers, _uploads.Ref, new LogsAhead(), _log);
        return Sys.ActorOf(Props.Create(() => new SeatingActor(services)));
    }
}
