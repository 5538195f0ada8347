using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>Says where shards go. Called by the coordinator, one call at a time; what takes long goes into the task.</summary>
public interface IShardAllocationStrategy : INoSerializationVerificationNeeded
{
    /// <param name="requester">The region that asked for the shard first.</param>
    /// <param name="shardId">The shard that has no home.</param>
    /// <param name="currentShardAllocations">The regions that take shards, with what they have in the order in which they got it.</param>
    /// <returns>One of the regions.</returns>
    Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations);

    /// <param name="currentShardAllocations">As above.</param>
    /// <param name="rebalanceInProgress">The shards that are on the move.</param>
    /// <returns>The shards that are to leave their home now; they are allocated anew when they are asked for.</returns>
    Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress);
}

/// <summary>A strategy that is told when its coordinator starts.</summary>
public interface IStartableAllocationStrategy : IShardAllocationStrategy
{
    void Start();
}

/// <summary>A strategy that is told when its coordinator starts, and in which system.</summary>
public interface IActorSystemDependentAllocationStrategy : IShardAllocationStrategy
{
    void Start(ActorSystem system);
}
