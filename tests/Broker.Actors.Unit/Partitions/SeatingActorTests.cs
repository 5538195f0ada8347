using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Partitions;

/// <summary>S1 and S2: how a node comes to lead what another led.</summary>
public sealed class SeatingActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly LogCache _cache = new(new LogCacheOptions(), TimeProvider.System);

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

    private IActorRef Start(ClusterGround ground)
    {
        SeatingServices services = new(One, 1, LogOfOne, ground.View, ground.Client, ground.Manager, ground.Bucket, _cache, _buffers, NullLogger.Instance);
        return Sys.ActorOf(Props.Create(() => new SeatingActor(services)));
    }
}
