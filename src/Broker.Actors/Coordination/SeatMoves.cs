using Broker.ObjectStore;

namespace Broker.Actors.Coordination;

/// <summary>
/// Which partitions should move from one node to another, as a pure function of what they have and do. A node's cost is its share of all partitions, and its share of the bytes that go in and
/// out, where there are enough of them to matter; partitions move from the costliest node to the cheapest while that evens them out by more than it is worth. Of those that even them out alike one moves
/// of whose topic the one node has the most more than the other: a topic's load is spread, though nobody knows yet what it will be.
/// </summary>
internal static class SeatMoves
{
    /// <summary>Differences of this part of a node's mean cost stay: a move costs its partition's clients some tens of milliseconds, and the caches their warmth.</summary>
    private const double Tolerance = 0.1;

    /// <summary>Traffic that any node carries beside its work, in bytes per second for each node; below it only counts are evened out.</summary>
    private const double LeastTraffic = 1 << 20;

    /// <summary>The moves that are worth it now, the best first.</summary>
    /// <param name="seats">What each node has.</param>
    /// <param name="bytesPerSecond">What goes in and out of each stream; none where nothing is known.</param>
    /// <param name="topicOf">Whose partition a stream is.</param>
    /// <param name="fixedSeats">Streams that stay where they are.</param>
    /// <param name="atMost">How many moves.</param>
    public static IReadOnlyList<(StreamId Stream, NodeId To)> Choose(
        IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> seats, IReadOnlyDictionary<StreamId, double> bytesPerSecond, Func<StreamId, Guid> topicOf, IReadOnlySet<StreamId> fixedSeats, int atMost)
    {
        int streams = seats.Values.Sum(one => one.Count);
        if (seats.Count < 2 || streams == 0)
        {
            return [];
        }

        double meanCount = (double)streams / seats.Count;
        double meanBytes = seats.Values.SelectMany(one => one).Sum(stream => bytesPerSecond.GetValueOrDefault(stream)) / seats.Count;
        double CostOf(StreamId stream) => (1 / meanCount) + (meanBytes >= LeastTraffic ? bytesPerSecond.GetValueOrDefault(stream) / meanBytes : 0);

        Dictionary<NodeId, List<StreamId>> movable = seats.ToDictionary(one => one.Key, one => one.Value.Where(stream => !fixedSeats.Contains(stream)).ToList());
        Dictionary<NodeId, double> costs = seats.ToDictionary(one => one.Key, one => one.Value.Sum(CostOf));
        double tolerated = costs.Values.Average() * Tolerance;
        Dictionary<(NodeId, Guid), int> ofTopic = seats.SelectMany(one => one.Value.Select(stream => (one.Key, topicOf(stream)))).CountBy(one => one).ToDictionary();
        int Excess(Guid topic, NodeId from, NodeId to) => ofTopic.GetValueOrDefault((from, topic)) - ofTopic.GetValueOrDefault((to, topic));
        List<(StreamId, NodeId)> moves = [];
        while (moves.Count < atMost)
        {
            NodeId from = costs.MaxBy(one => (one.Value, one.Key)).Key;
            NodeId to = costs.MinBy(one => (one.Value, one.Key)).Key;
            double gap = costs[from] - costs[to];

            // The best would leave both the same; one that costs more than the gap only turns it around.
            StreamId? best = gap <= tolerated || movable[from].Count == 0 ? null : movable[from].MaxBy(stream => (Math.Round(Gain(CostOf(stream), gap) * meanCount / Tolerance), Excess(topicOf(stream), from, to), -stream.Value));
            if (best is not { } stream || Gain(CostOf(stream), gap) <= CostOf(stream) * Tolerance)
            {
                break;
            }

            movable[from].Remove(stream);
            ofTopic[(from, topicOf(stream))]--;
            ofTopic[(to, topicOf(stream))] = ofTopic.GetValueOrDefault((to, topicOf(stream))) + 1;
            costs[from] -= CostOf(stream);
            costs[to] += CostOf(stream);
            moves.Add((stream, to));
        }

        return moves;
    }

    /// <summary>What each node has when those that are on their way have arrived: a move may take longer than the time to the next look, which would move as much again.</summary>
    /// <param name="seats">What each node has now.</param>
    /// <param name="onTheirWay">Streams that move.</param>
    /// <param name="to">Where each does; null: that is not known, and it is counted where it is.</param>
    public static Dictionary<NodeId, IReadOnlyList<StreamId>> AfterMoves(IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> seats, IReadOnlySet<StreamId> onTheirWay, Func<StreamId, NodeId?> to)
    {
        ILookup<NodeId, StreamId> after = seats.SelectMany(one => one.Value.Select(stream => (At: one.Key, Stream: stream)))
            .ToLookup(one => onTheirWay.Contains(one.Stream) && to(one.Stream) is { } target && seats.ContainsKey(target) ? target : one.At, one => one.Stream);
        return seats.Keys.ToDictionary(node => node, node => (IReadOnlyList<StreamId>)[.. after[node]]);
    }

    private static double Gain(double cost, double gap) => Math.Min(cost, gap - cost);
}
