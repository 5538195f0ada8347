using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>The plans of commands about nodes, their logs and what they lead. Pure but for what <see cref="NodeDrains"/> notes.</summary>
internal static class NodePlanner
{
    /// <summary>Null when the command is none of these.</summary>
    public static CommandPlan? Plan(MetadataImage image, object command, NextSeats seats) => command switch
    {
        ReadMetadata => new CommandPlan([], MetadataIsRead.Instance),
        RegisterNode register => PlanRegistration(image, register),
        ReleaseNode release => new CommandPlan([.. Releases(image, release), .. Leaves(image, release.Node, release.NodeEpoch)], CommandDone.Instance),
        NodeDrains drains => PlanDrain(drains, seats),
        MarkNodeGone gone => new CommandPlan([.. Leaves(image, gone.Node, gone.NodeEpoch)], CommandDone.Instance),
        MarkWalFenced fenced => new CommandPlan(
            image.Wals.GetValueOrDefault(fenced.Wal) is { IsFenced: false } wal && image.NodeEpochs.GetValueOrDefault(wal.Node) == fenced.NodeEpoch ? [new WalFenced(fenced.Wal)] : [], CommandDone.Instance),
        OpenStreams open => PlanOpening(image, open),
        CloseStreams close => PlanClosing(image, close, seats),
        ReleasePaidWals => PlanRelease(image),
        _ => null,
    };

    private static IEnumerable<MetadataEvent> Leaves(MetadataImage image, NodeId node, long epoch) =>
        image.LiveNodes.GetValueOrDefault(node)?.Epoch == epoch ? [new NodeLeft(node, epoch)] : [];

    // One that was fenced meanwhile is the business of those who took over.
    private static IEnumerable<MetadataEvent> Releases(MetadataImage image, ReleaseNode release) =>
        image.NodeEpochs.GetValueOrDefault(release.Node) == release.NodeEpoch && image.Wals.GetValueOrDefault(release.Wal) is { IsFenced: false }
            ? [new WalReleased(release.Wal, WalReleaseReason.Emptied)]
            : [];

    private static CommandPlan PlanDrain(NodeDrains drains, NextSeats seats)
    {
        seats.Leaves(drains.Node, drains.NodeEpoch);
        return new CommandPlan([], CommandDone.Instance);
    }

    private static CommandPlan PlanRegistration(MetadataImage image, RegisterNode register)
    {
        if (image.Wals.GetValueOrDefault(register.Wal) is { IsFenced: true })
        {
            return new CommandPlan([], new CommandFailed(
                StorageErrorKind.Unavailable, $"the write-ahead log {register.Wal} of node {register.Node} was fenced, and what it holds is being taken over by others; start with another, or when it is released"));
        }

        long epoch = image.NodeEpochs.GetValueOrDefault(register.Node) + 1;
        IEnumerable<MetadataEvent> givenUp = register.AcceptedLoss
            .Where(wal => wal != register.Wal && image.Wals.ContainsKey(wal)).Distinct().Select(wal => new WalReleased(wal, WalReleaseReason.LossAccepted));
        return new CommandPlan(
            [.. givenUp, new WalAttached(register.Wal, register.Node, register.Host, register.WalPath), new NodeRegistered(register.Node, epoch, register.Place)],
            new NodeIsRegistered(epoch));
    }

    private static CommandPlan PlanOpening(MetadataImage image, OpenStreams open)
    {
        List<MetadataEvent> events = [];
        List<OpeningRefusal> refused = [];
        foreach (StreamOpening one in open.Streams.DistinctBy(one => one.Stream))
        {
            if (image.FindStream(one.Stream) is not { } stream)
            {
                continue;
            }

            if (LeadershipRules.Check(image, open, stream, one) is { } refusal)
            {
                refused.Add(refusal);
                continue;
            }

            events.Add(new StreamOpened(one.Stream, open.Node, stream.Epoch.Next(), one.Next, open.Wal));
        }

        return new CommandPlan(events, new StreamsOpened(image, refused));
    }

    private static CommandPlan PlanClosing(MetadataImage image, CloseStreams close, NextSeats seats)
    {
        List<StreamState> closing = [];
        foreach (StreamEnd one in close.Streams)
        {
            if (image.FindStream(one.Stream) is { } stream && stream.Epoch == one.Epoch && stream.Leader != NodeId.None && stream.EndOffset >= one.End && !closing.Contains(stream))
            {
                closing.Add(stream);
            }
        }

        return new CommandPlan([.. closing.Select(stream => new StreamClosed(stream.StreamId, stream.Epoch)), .. Succession.Of(image, closing, seats)], new StreamsAreClosed(image));
    }

    private static CommandPlan PlanRelease(MetadataImage image)
    {
        IReadOnlyList<WalId> paid = WalDebts.Paid(image);
        return new CommandPlan(
            [.. paid.Select(wal => new WalReleased(wal, WalReleaseReason.Recovered))],
            new WalsReleased([.. paid.Select(wal => image.Wals[wal])]));
    }
}
