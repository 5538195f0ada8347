using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>
/// Who leads streams that their leaders let go of, so that one commit closes and opens them: nothing is between the two but the next leader's hearing of it. Where nobody is known to take one, it
/// stays closed, and is opened by whoever gets its seat. Pure but for what it notes of who leaves.
/// </summary>
internal static class Succession
{
    /// <param name="image">The metadata, in which they are led still.</param>
    /// <param name="closing">Those that are let go of: all that was acknowledged is uploaded.</param>
    /// <param name="seats">Who may get them.</param>
    public static IEnumerable<StreamOpened> Of(MetadataImage image, IReadOnlyList<StreamState> closing, NextSeats seats)
    {
        // Who lets go of what nobody chose to move is on its way out, until it is seen again.
        foreach (NodeId leaving in closing.Where(stream => seats.ChosenFor(stream.StreamId) is null).Select(stream => stream.Leader).Distinct())
        {
            seats.Leaves(leaving);
        }

        IReadOnlySet<NodeId> nodes = seats.Nodes;
        Dictionary<NodeId, WalId> logs = LeadershipRules.Candidates(image).Where(one => nodes.Contains(one.Node)).ToDictionary(one => one.Node, one => one.Wal);
        if (logs.Count == 0)
        {
            yield break;
        }

        Dictionary<NodeId, int> led = image.Streams.Values.CountBy(stream => stream.Leader).ToDictionary();
        foreach (StreamState stream in closing)
        {
            NodeId? next = seats.ChosenFor(stream.StreamId) is { } chosen && logs.ContainsKey(chosen) ? chosen
                : logs.Keys.Where(node => node != stream.Leader).OrderBy(node => led.GetValueOrDefault(node)).ThenBy(node => node).Cast<NodeId?>().FirstOrDefault();
            if (next is { } node && Opening(image, stream, node, logs[node]) is { } opened)
            {
                led[node] = led.GetValueOrDefault(node) + 1;
                yield return opened;
            }
        }
    }

    private static StreamOpened? Opening(MetadataImage image, StreamState stream, NodeId node, WalId wal)
    {
        OpenStreams opening = new(node, image.NodeEpochs[node], wal, [], [(stream.StreamId, stream.EndOffset)]);
        return LeadershipRules.Check(image, opening, stream with { Leader = NodeId.None, Wal = WalId.None }, stream.EndOffset) is null
            ? new StreamOpened(stream.StreamId, node, stream.Epoch.Next(), stream.EndOffset, wal)
            : null;
    }
}
