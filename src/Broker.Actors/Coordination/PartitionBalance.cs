using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>Which node is to lead what, as pure functions of the metadata and of what nodes are seated with.</summary>
internal static class PartitionBalance
{
    /// <summary>Leaders for the partitions of a new topic: spread over the nodes, beginning with those that lead the fewest streams.</summary>
    /// <param name="image">The metadata.</param>
    /// <param name="partitions">How many.</param>
    /// <param name="wanted">Who is to lead each; none: anybody. One who cannot is passed over.</param>
    /// <param name="seats">Who is about to leave gets none, unless all are.</param>
    /// <returns>One for each partition; empty when there is no node to lead any.</returns>
    public static IReadOnlyList<(NodeId Node, WalId Wal)> Place(MetadataImage image, int partitions, IReadOnlyList<NodeId> wanted, NextSeats seats)
    {
        IReadOnlyList<(NodeId Node, WalId Wal)> all = LeadershipRules.Candidates(image);
        IReadOnlyList<(NodeId Node, WalId Wal)> staying = [.. all.Where(one => !seats.IsLeaving(one.Node, image.LiveNodes[one.Node].Epoch))];
        IReadOnlyList<(NodeId Node, WalId Wal)> candidates = staying.Count > 0 ? staying : all;
        (NodeId, WalId)[] spread = [.. Spread(image, partitions, candidates)];
        for (int i = 0; i < Math.Min(spread.Length, wanted.Count); i++)
        {
            spread[i] = candidates.Where(one => one.Node == wanted[i]).DefaultIfEmpty(spread[i]).First();
        }

        return spread;
    }

    private static IEnumerable<(NodeId Node, WalId Wal)> Spread(MetadataImage image, int partitions, IReadOnlyList<(NodeId Node, WalId Wal)> candidates)
    {
        if (candidates.Count < 2)
        {
            return candidates.SelectMany(one => Enumerable.Repeat(one, partitions));
        }

        Dictionary<NodeId, int> led = image.Streams.Values.CountBy(stream => stream.Leader).ToDictionary();
        (NodeId Node, WalId Wal)[] byLoad = [.. candidates.OrderBy(one => led.GetValueOrDefault(one.Node)).ThenBy(one => one.Node)];
        return Enumerable.Range(0, partitions).Select(i => byLoad[i % byLoad.Length]);
    }

    /// <summary>Streams that nobody leads who is there, or whose leader has started anew with another log.</summary>
    /// <param name="image">The metadata, which know who is gone as soon as that can be committed.</param>
    /// <param name="present">Who is there, as the cluster says it; null: as the metadata do.</param>
    public static IEnumerable<StreamId> Orphans(MetadataImage image, IReadOnlySet<NodeId>? present = null)
    {
        Dictionary<NodeId, WalId> logs = LogsOf(image).Where(log => present?.Contains(log.Key) ?? true).ToDictionary();
        return image.Streams.Values.Where(stream => !IsLed(stream, logs)).Select(stream => stream.StreamId).Order();
    }

    /// <summary>Tells who leads a stream: none, where its leader is not there, or has started anew with another log.</summary>
    public static Func<StreamState, NodeId> LeadersIn(MetadataImage image)
    {
        Dictionary<NodeId, WalId> logs = LogsOf(image);
        return stream => IsLed(stream, logs) ? stream.Leader : NodeId.None;
    }

    /// <summary>The node that a stream without a seat goes to: the one that leads it, or has come back with another log; else the one that has the fewest seats.</summary>
    /// <param name="image">The metadata.</param>
    /// <param name="stream">Which.</param>
    /// <param name="seats">The nodes that may be chosen, each with the number of its seats; at least one.</param>
    public static NodeId SeatOf(MetadataImage image, StreamId stream, IReadOnlyDictionary<NodeId, int> seats)
    {
        Dictionary<NodeId, WalId> logs = LogsOf(image);
        if (image.FindStream(stream) is { } state && logs.ContainsKey(state.Leader) && seats.ContainsKey(state.Leader))
        {
            return state.Leader;
        }

        // One whose log is not known here has just come, or is about to go.
        return seats.MinBy(one => (!logs.ContainsKey(one.Key), one.Value, one.Key)).Key;
    }

    /// <summary>Whether a stream was deleted. One that these metadata do not know yet was not.</summary>
    public static bool IsGone(MetadataImage image, StreamId stream) => image.FindStream(stream) is null && image.HasMade(stream);

    /// <summary>Seats that are of no use where they are: their streams are led by another node that has seats.</summary>
    public static IEnumerable<StreamId> Misplaced(MetadataImage image, IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> seats)
    {
        Dictionary<NodeId, WalId> logs = LogsOf(image);
        foreach ((NodeId node, IReadOnlyList<StreamId> streams) in seats)
        {
            foreach (StreamId stream in streams)
            {
                if (image.FindStream(stream) is { } state && state.Leader != node && IsLed(state, logs) && seats.ContainsKey(state.Leader))
                {
                    yield return stream;
                }
            }
        }
    }

    /// <summary>Streams that somebody leads and that have no seat, as when one was lost with what knew of it: they would not move, also not away from a node that is stopped.</summary>
    public static IEnumerable<StreamId> Unseated(MetadataImage image, IReadOnlyDictionary<NodeId, IReadOnlyList<StreamId>> seats)
    {
        HashSet<StreamId> seated = [.. seats.Values.SelectMany(streams => streams)];
        return image.Streams.Values.Where(stream => seats.ContainsKey(stream.Leader) && !seated.Contains(stream.StreamId)).Select(stream => stream.StreamId).Order();
    }

    private static Dictionary<NodeId, WalId> LogsOf(MetadataImage image) => LeadershipRules.Candidates(image).ToDictionary(one => one.Node, one => one.Wal);

    private static bool IsLed(StreamState stream, Dictionary<NodeId, WalId> logs) => logs.TryGetValue(stream.Leader, out WalId log) && log == stream.Wal;
}
