using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Akka.Util;

namespace Akka.Cluster;

/// <summary>A message between the clusters' own actors on different nodes.</summary>
public interface IClusterMessage
{
}

/// <summary>"Is there a cluster?"</summary>
internal sealed record InitJoin : IClusterMessage, IDeadLetterSuppression
{
    public static readonly InitJoin Instance = new();
}

/// <summary>"Yes, join by me."</summary>
internal sealed record InitJoinAck(Address Address) : IClusterMessage, IDeadLetterSuppression;

/// <summary>"I am in none myself."</summary>
internal sealed record InitJoinNack(Address Address) : IClusterMessage, IDeadLetterSuppression;

/// <summary>"Take me in."</summary>
internal sealed record Join(UniqueAddress Node, ImmutableHashSet<string> Roles, AppVersion AppVersion) : IClusterMessage;

/// <summary>"You are known; this is all that is."</summary>
internal sealed record Welcome(UniqueAddress From, Gossip Gossip) : IClusterMessage;

/// <summary>A node's state, for one run of another one.</summary>
internal sealed record GossipEnvelope(UniqueAddress From, UniqueAddress To, Gossip Gossip) : IClusterMessage, IDeadLetterSuppression;

/// <summary>"This is the version I have": whoever has another says so.</summary>
internal sealed record GossipStatus(UniqueAddress From, VectorClock Version, int SeenCount) : IClusterMessage, IDeadLetterSuppression;

/// <summary>"I am done, and end."</summary>
internal sealed record ExitingConfirmed(UniqueAddress Node) : IClusterMessage, IDeadLetterSuppression;

internal sealed record Heartbeat(Address From, long SequenceNumber) : IClusterMessage, IDeadLetterSuppression;

internal sealed record HeartbeatResponse(UniqueAddress From, long SequenceNumber) : IClusterMessage, IDeadLetterSuppression;

// What the node tells its own core.
internal sealed record JoinSeeds(ImmutableList<Address> Seeds) : IDeadLetterSuppression;

internal sealed record JoinTo(Address Address) : IDeadLetterSuppression;

/// <summary>By whom to join was found out from the seed nodes.</summary>
internal sealed record SeedAnswered(Address Address) : IDeadLetterSuppression;

internal sealed record LeaveNode(Address Address) : IDeadLetterSuppression;

internal sealed record DownNode(Address Address) : IDeadLetterSuppression;

internal sealed record SendState(IActorRef Receiver) : IDeadLetterSuppression;

internal sealed record SubscribeTo(IActorRef Subscriber, ClusterEvent.SubscriptionInitialStateMode Mode, ImmutableList<Type> Types) : IDeadLetterSuppression;

internal sealed record UnsubscribeFrom(IActorRef Subscriber, Type? Type) : IDeadLetterSuppression;

/// <summary>The sender gets each <see cref="MembershipState"/>, the one of now first.</summary>
internal sealed record SubscribeToStates : IDeadLetterSuppression
{
    public static readonly SubscribeToStates Instance = new();
}

/// <summary>Coordinated shutdown has done all that comes before the end.</summary>
internal sealed record ExitingCompleted : IDeadLetterSuppression
{
    public static readonly ExitingCompleted Instance = new();
}

internal sealed record StopCluster : IDeadLetterSuppression
{
    public static readonly StopCluster Instance = new();
}
