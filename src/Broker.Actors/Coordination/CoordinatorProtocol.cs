using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>A command of a node, from its <see cref="MetadataClientActor"/> to the coordinator.</summary>
/// <param name="Id">Of that client's own.</param>
/// <param name="Command">One of the coordinator's commands.</param>
internal sealed record CoordinatorRequest(long Id, object Command);

/// <summary>A node wants to hear of every commit. Sent again and again: another coordinator knows nobody at first. Answered with <see cref="MetadataLoss"/>, and a <see cref="CoordinatorAnswer"/> if there is news.</summary>
/// <param name="Version">Of the metadata that it has.</param>
internal sealed record AttachFollower(long Version);

/// <summary>Whether the metadata are whole, for a node that wants to hear of every commit.</summary>
/// <param name="Reason">What of them is lost; null: nothing.</param>
internal sealed record MetadataLoss(string? Reason);

/// <summary>What the coordinator has committed, and what it answers to commands of the node.</summary>
/// <param name="PreviousVersion">Of the metadata before the commit; as <paramref name="Version"/> when there is none.</param>
/// <param name="Version">Of the metadata that the answers are about.</param>
/// <param name="Batch">The commit; null: there is none, or the coordinator has only found out what the metadata are.</param>
/// <param name="Image">The metadata, in the coordinator's own process; null in others, which apply the commit or read.</param>
/// <param name="Replies">By the ids of requests.</param>
internal sealed record CoordinatorAnswer(long PreviousVersion, long Version, MetadataBatch? Batch, MetadataImage? Image, IReadOnlyList<(long Id, object Reply)> Replies);
