using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Coordination;

/// <summary>Where streams go that have no seat, and which seats are of no use. Node 2 leads all of them.</summary>
public sealed class PartitionBalanceTests : ActorTest
{
    private static readonly NodeId Three = new(3);

    [Fact]
    public async Task Stream_goes_to_its_leader_however_much_that_has()
    {
        MetadataImage image = (await CreateAsync(Sys, streams: 1, records: 0)).View.Current;

        Assert.Equal(Two, PartitionBalance.SeatOf(image, new StreamId(0), new Dictionary<NodeId, int> { [One] = 0, [Two] = 9 }));
        Assert.Equal(One, PartitionBalance.SeatOf(image, new StreamId(0), new Dictionary<NodeId, int> { [One] = 7 }));
    }

    [Fact]
    public async Task Stream_that_nobody_leads_goes_to_the_node_with_the_fewest_but_not_to_one_without_a_log()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        await ground.AskAsync<StreamsAreClosed>(new CloseStreams([new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)]));
        MetadataImage image = ground.View.Current;

        Assert.Equal(One, PartitionBalance.SeatOf(image, ground.Streams[0], new Dictionary<NodeId, int> { [One] = 1, [Two] = 2, [Three] = 0 }));
        Assert.Equal(Three, PartitionBalance.SeatOf(image, ground.Streams[0], new Dictionary<NodeId, int> { [Three] = 0 }));
        Assert.Equal(ground.Streams, PartitionBalance.Orphans(image));
    }

    [Fact]
    public async Task Nobody_leads_a_stream_whose_leader_is_gone()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        StreamState stream = ground.View.Current.Streams[ground.Streams[0]];
        Assert.Equal(Two, PartitionBalance.LeadersIn(ground.View.Current)(stream));

        await ground.AskAsync<CommandDone>(new MarkNodeGone(Two, 1));

        Assert.Equal(NodeId.None, PartitionBalance.LeadersIn(ground.View.Current)(stream));
        Assert.Equal(ground.Streams, PartitionBalance.Orphans(ground.View.Current));
    }

    // As long as the store takes no commit the metadata do not say so.
    [Fact]
    public async Task Nobody_leads_a_stream_whose_leader_is_not_in_the_cluster()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 2, records: 0);

        Assert.Empty(PartitionBalance.Orphans(ground.View.Current, new HashSet<NodeId> { One, Two }));
        Assert.Equal(ground.Streams, PartitionBalance.Orphans(ground.View.Current, new HashSet<NodeId> { One }));
    }

    [Fact]
    public async Task Seats_of_streams_that_are_led_elsewhere_are_misplaced_and_those_of_deleted_ones_gone()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 3, records: 0);
        await ground.AskAsync<TopicsChanged>(new MakeTopics([new NewTopic("gone", 1, new Dictionary<string, string>())]));
        StreamId gone = Assert.Single(ground.View.Current.FindTopic("gone")!.Partitions);
        await ground.AskAsync<TopicsChanged>(new RemoveTopics([ground.View.Current.FindTopic("gone")!.TopicId]));
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = new() { [One] = [ground.Streams[0], gone], [Two] = [ground.Streams[1]] };

        Assert.Equal([ground.Streams[0]], PartitionBalance.Misplaced(ground.View.Current, seats));

        // Whoever leads it has no seats now: nobody is there to take it back.
        Assert.Empty(PartitionBalance.Misplaced(ground.View.Current, new Dictionary<NodeId, IReadOnlyList<StreamId>> { [One] = seats[One] }));

        // One that these metadata do not know yet is where it is for a reason.
        StreamId[] all = [ground.Streams[0], gone, new StreamId(77)];
        Assert.Equal([gone], all.Where(stream => PartitionBalance.IsGone(ground.View.Current, stream)));
    }

    [Fact]
    public async Task Streams_that_are_led_and_have_no_seat_are_unseated()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 3, records: 0);
        await ground.AskAsync<StreamsAreClosed>(new CloseStreams([new StreamEnd(ground.Streams[2], new LeaderEpoch(0), Offset.Zero)]));

        Assert.Equal([ground.Streams[1]], PartitionBalance.Unseated(ground.View.Current, new Dictionary<NodeId, IReadOnlyList<StreamId>> { [One] = [ground.Streams[0]], [Two] = [] }));

        // Whoever leads them may be gone: that is for the failover.
        Assert.Empty(PartitionBalance.Unseated(ground.View.Current, new Dictionary<NodeId, IReadOnlyList<StreamId>> { [One] = [] }));
    }
}
