using Broker.Actors.Coordination;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Coordination;

public sealed class SeatMovesTests
{
    private static readonly NodeId One = new(1);
    private static readonly NodeId Two = new(2);
    private static readonly NodeId Three = new(3);
    private static readonly IReadOnlyDictionary<StreamId, double> Idle = new Dictionary<StreamId, double>();

    [Theory]
    [InlineData(2, 1, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(3, 0, 1)]
    [InlineData(6, 0, 3)]
    [InlineData(100, 97, 0)]
    [InlineData(500, 0, 250)]
    public void Idle_partitions_are_evened_out_by_their_number(int first, int second, int moves)
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, first), (Two, second));

        IReadOnlyList<(StreamId Stream, NodeId To)> chosen = Choose(seats, Idle, new HashSet<StreamId>(), 1000);

        // What is left of a difference is not worth a move.
        Assert.InRange(chosen.Count, moves - (moves / 10), moves);
        Assert.All(chosen, move => Assert.Equal(Two, move.To));
    }

    [Fact]
    public void Node_that_was_added_gets_its_share_from_both()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 30), (Two, 30), (Three, 0));

        IReadOnlyList<(StreamId Stream, NodeId To)> chosen = Choose(seats, Idle, new HashSet<StreamId>(), 1000);

        Assert.All(chosen, move => Assert.Equal(Three, move.To));
        Assert.InRange(chosen.Count, 17, 20);
        Assert.InRange(chosen.Count(move => seats[One].Contains(move.Stream)), 8, 10);
    }

    [Fact]
    public void Busy_partitions_are_spread_by_what_they_carry()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 4), (Two, 4));
        Dictionary<StreamId, double> loads = seats[One].Take(2).ToDictionary(stream => stream, _ => 20e6);

        (StreamId stream, NodeId to) = Choose(seats, loads, new HashSet<StreamId>(), 1000)[0];

        Assert.Equal(Two, to);
        Assert.Contains(stream, loads.Keys);
    }

    [Fact]
    public void One_partition_that_is_busier_than_all_others_stays_where_it_is()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 1), (Two, 1));

        Assert.Empty(Choose(seats, new Dictionary<StreamId, double> { [seats[One][0]] = 50e6 }, new HashSet<StreamId>(), 1000));
    }

    [Fact]
    public void Little_traffic_moves_nothing()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 2), (Two, 2));

        Assert.Empty(Choose(seats, seats[One].ToDictionary(stream => stream, _ => 1000.0), new HashSet<StreamId>(), 1000));
    }

    [Fact]
    public void No_more_move_than_may_and_none_that_stays()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 100), (Two, 0));
        HashSet<StreamId> stay = [.. seats[One].Take(50)];

        IReadOnlyList<(StreamId Stream, NodeId To)> chosen = Choose(seats, Idle, stay, 7);

        Assert.Equal(7, chosen.Count);
        Assert.DoesNotContain(chosen, move => stay.Contains(move.Stream));
    }

    // As when a broker that was stopped is back: the oldest ones all belong to one topic.
    [Fact]
    public void Of_partitions_that_are_worth_the_same_those_of_each_topic_are_spread()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 12), (Two, 12), (Three, 0));
        Dictionary<StreamId, Guid> topics = seats.Values.SelectMany(streams => streams.Select((stream, i) => (stream, i))).ToDictionary(one => one.stream, one => new Guid(one.i < 6 ? 1 : 2, 0, 0, new byte[8]));

        IReadOnlyList<(StreamId Stream, NodeId To)> moves = SeatMoves.Choose(seats, Idle, stream => topics[stream], new HashSet<StreamId>(), 1000);

        Assert.Equal([4, 4], moves.CountBy(move => topics[move.Stream]).Select(one => one.Value));
        Assert.Equal([2, 2, 2, 2], moves.CountBy(move => (topics[move.Stream], seats[One].Contains(move.Stream))).Select(one => one.Value));
    }

    // What was chosen is done, and chosen anew, with loads that no node can even out: it comes to rest.
    [Fact]
    public void Moves_come_to_an_end()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, random.Next(60)), (Two, random.Next(60)), (Three, random.Next(60)));
            Dictionary<StreamId, double> loads = seats.Values.SelectMany(one => one).ToDictionary(stream => stream, _ => Math.Pow(10, random.NextDouble() * 8));
            for (int round = 0; ; round++)
            {
                Assert.True(round < 100, $"seed {seed} never rests");
                IReadOnlyList<(StreamId Stream, NodeId To)> moves = Choose(seats, loads, new HashSet<StreamId>(), 8);
                if (moves.Count == 0)
                {
                    break;
                }

                foreach ((StreamId stream, NodeId to) in moves)
                {
                    NodeId from = seats.Single(one => one.Value.Contains(stream)).Key;
                    seats[from] = [.. seats[from].Where(one => one != stream)];
                    seats[to] = [.. seats[to], stream];
                }
            }
        }
    }

    // Their leaders take longer than the time between two looks, as when the store stands.
    [Fact]
    public void What_is_on_its_way_counts_where_it_goes()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 3), (Two, 1));
        HashSet<StreamId> moving = [];
        Dictionary<StreamId, NodeId> chosen = [];
        for (int look = 0; look < 3; look++)
        {
            IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> after = SeatMoves.AfterMoves(seats, moving, stream => chosen.TryGetValue(stream, out NodeId to) ? to : null);
            foreach ((StreamId stream, NodeId to) in Choose(after, Idle, moving, 1000))
            {
                moving.Add(stream);
                chosen[stream] = to;
            }
        }

        Assert.Single(moving);
    }

    [Fact]
    public void What_goes_nobody_knows_where_or_to_one_that_is_gone_counts_where_it_is()
    {
        Dictionary<NodeId, IReadOnlyList<StreamId>> seats = Seats((One, 2), (Two, 0));

        Dictionary<NodeId, IReadOnlyList<StreamId>> after = SeatMoves.AfterMoves(seats, seats[One].ToHashSet(), stream => stream == seats[One][0] ? Three : null);

        Assert.Equal(seats[One], after[One]);
        Assert.Empty(after[Two]);
    }

    private static IReadOnlyList<(StreamId Stream, NodeId To)> Choose(
        IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> seats, IReadOnlyDictionary<StreamId, double> bytesPerSecond, IReadOnlySet<StreamId> fixedSeats, int atMost) =>
        SeatMoves.Choose(seats, bytesPerSecond, _ => Guid.Empty, fixedSeats, atMost);

    private static Dictionary<NodeId, IReadOnlyList<StreamId>> Seats(params (NodeId Node, int Streams)[] nodes)
    {
        long next = 0;
        return nodes.ToDictionary(one => one.Node, one => (IReadOnlyList<StreamId>)[.. Enumerable.Range(0, one.Streams).Select(_ => new StreamId(next++))]);
    }
}
