using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>From a region: here I am, with these shards. A proxy never gets any.</summary>
internal sealed record Register(IReadOnlyList<string> Shards, bool IsProxy) : IClusterShardingSerializable, IDeadLetterSuppression;

/// <summary>The coordinator's answer; it is who sent it.</summary>
internal sealed record RegisterAck : IClusterShardingSerializable
{
    public static readonly RegisterAck Instance = new();
}

/// <summary>From a region: where is the shard?</summary>
internal sealed record GetShardHome(string Shard) : IClusterShardingSerializable, IDeadLetterSuppression;

/// <summary>The answer, at once or when the shard has got a home.</summary>
internal sealed record ShardHome(string Shard, IActorRef Region) : IClusterShardingSerializable;

/// <summary>To the region that gets the shard.</summary>
internal sealed record HostShard(string Shard) : IClusterShardingSerializable;

/// <summary>To all regions: forget where the shard is, and keep messages for it.</summary>
internal sealed record BeginHandOff(string Shard) : IClusterShardingSerializable;

/// <summary>The region has forgotten it.</summary>
internal sealed record BeginHandOffAck(string Shard) : IClusterShardingSerializable;

/// <summary>To the region that has the shard: stop it.</summary>
internal sealed record HandOff(string Shard) : IClusterShardingSerializable;

/// <summary>The region has it no more.</summary>
internal sealed record ShardStopped(string Shard) : IClusterShardingSerializable, IDeadLetterSuppression;

/// <summary>From a region that is to stop: give my shards to others.</summary>
internal sealed record GracefulShutdownReq : IClusterShardingSerializable, IDeadLetterSuppression
{
    public static readonly GracefulShutdownReq Instance = new();
}

/// <summary>The region gets no more shards; those that it has are being moved.</summary>
internal sealed record GracefulShutdownAck : IClusterShardingSerializable
{
    public static readonly GracefulShutdownAck Instance = new();
}

/// <summary>The answer to <see cref="ShardRegion.StartEntity"/>: it runs.</summary>
internal sealed record StartEntityAck(string EntityId, string ShardId) : IClusterShardingSerializable;
