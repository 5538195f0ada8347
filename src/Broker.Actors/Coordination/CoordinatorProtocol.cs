using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>A command of a node, from its <see cref="MetadataClientActor"/> to the coordinator.</summary>
/// <param name="Id">Of that client's own.</param>
/// <param name="Command">One of the coordinator's commands.</param>
internal sealed record CoordinatorRequest(long Id, object Command);

/// <summary>A node wants to hear of every commit. Sent again and again: another coordinator knows nobody at first. Answered with <see cref="MetadataLoss"/>, a <see cref="CoordinatorAnswer"/> if there is news, and <see cref="RequestsKnown"/> if it waits for answers.</summary>
/// <param name="Version">Of the metadata that it has.</param>
/// <param name="NewestRequest">The newest of its requests, sent before this; 0: none is unanswered.</param>
internal sealed record AttachFollower(long Version, long NewestRequest = 0);

/// <summary>Which of a node's requests the coordinator will answer. Others up to the newest were answered before, or it never got them, as when they were sent to the coordinator before it.</summary>
/// <param name="NewestRequest">As it was asked.</param>
/// <param name="Pending">The ids of those that it will answer.</param>
internal sealed record RequestsKnown(long NewestRequest, IReadOnlyList<long> Pending);

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
