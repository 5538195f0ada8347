using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>
/// Who leads streams that their leaders let go of, so that one commit closes and opens them: nothing is between the two but the next leader's hearing of it. Where nobody is known to take one, it
/// stays closed, and is opened by whoever gets its seat. Pure.
/// <para>Producers wait for this, the first time too, when its code is compiled: of generic code over the ids, which is not compiled ahead, there is none that matters.</para>
/// </summary>
internal static class Succession
{
    /// <param name="image">The metadata, in which they are led still.</param>
    /// <param name="closing">Those that are let go of: all that was acknowledged is uploaded.</param>
    /// <param name="seats">Who may get them.</param>
    public static IReadOnlyList<MetadataEvent> Of(MetadataImage image, IReadOnlyList<StreamState> closing, NextSeats seats)
    {
        List<Candidate> candidates = CandidatesOf(image, seats);
        List<MetadataEvent> opened = [];
        foreach (StreamState stream in closing)
        {
            if (Next(stream, candidates, ChosenFor(stream, seats)) is { } next && next.Opening(image, stream) is { } opening)
            {
                next.Led++;
                opened.Add(opening);
            }
        }

        return opened;
    }

    // One that has moved where it was chosen to is remembered for a while.
    private static NodeId? ChosenFor(StreamState stream, NextSeats seats) => seats.ChosenFor(stream.StreamId) is { } chosen && chosen != stream.Leader ? chosen : null;

    private static List<Candidate> CandidatesOf(MetadataImage image, NextSeats seats)
    {
        List<Candidate> candidates = [];
        foreach (LiveNode node in image.LiveNodes.Values)
        {
            if (seats.Takes(node.NodeId, node.Epoch) && LeadershipRules.LogOf(image, node.NodeId) is { } log)
            {
                candidates.Add(new Candidate(node, log.WalId));
            }
        }

        foreach (StreamState stream in candidates.Count > 0 ? image.Streams.Values : [])
        {
            if (candidates.Find(one => one.Node == stream.Leader) is { } leader)
            {
                leader.Led++;
            }
        }

        return candidates;
    }

    // The chosen one; else the one that leads the fewest, of these the first.
    private static Candidate? Next(StreamState stream, List<Candidate> candidates, NodeId? chosen)
    {
        Candidate? fewest = null;
        foreach (Candidate candidate in candidates)
        {
            if (candidate.Node == chosen)
            {
                return candidate;
            }

            if (candidate.Node != stream.Leader && (fewest is null || candidate.Led < fewest.Led))
            {
                fewest = candidate;
            }
        }

        return fewest;
    }

    private sealed class Candidate(LiveNode node, WalId log)
    {
        public NodeId Node => node.NodeId;

        /// <summary>How many streams.</summary>
        public int Led { get; set; }

        /// <summary>Null: the rules forbid it.</summary>
        public StreamOpened? Opening(MetadataImage image, StreamState stream)
        {
            StreamState closed = stream with { Leader = NodeId.None, Wal = WalId.None };
            return LeadershipRules.Check(image, new OpenStreams(Node, node.Epoch, log, [], []), closed, new StreamOpening(stream.StreamId, stream.EndOffset, stream.EndOffset)) is null
                ? new StreamOpened(stream.StreamId, Node, stream.Epoch.Next(), stream.EndOffset, log)
                : null;
        }
    }
}
