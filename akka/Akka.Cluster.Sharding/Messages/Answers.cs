using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>A shard and its entities.</summary>
public sealed class ShardState : IClusterShardingSerializable, IEquatable<ShardState>
{
    public readonly string ShardId;
    public readonly IImmutableSet<string> EntityIds;

    public ShardState(string shardId, IImmutableSet<string> entityIds)
    {
        ShardId = shardId;
        EntityIds = entityIds;
    }

    public bool Equals(ShardState? other) => other is not null && ShardId == other.ShardId && EntityIds.SetEquals(other.EntityIds);

    public override bool Equals(object? obj) => Equals(obj as ShardState);

    public override int GetHashCode() => HashCode.Combine(ShardId, EntityIds.Count);
}

/// <summary>The shards of a region, and those that did not tell of themselves in time.</summary>
public sealed class CurrentShardRegionState : IClusterShardingSerializable, IEquatable<CurrentShardRegionState>
{
    public readonly IImmutableSet<ShardState> Shards;
    public readonly IImmutableSet<string> Failed;

    public CurrentShardRegionState(IImmutableSet<ShardState> shards)
        : this(shards, ImmutableHashSet<string>.Empty)
    {
    }

    public CurrentShardRegionState(IImmutableSet<ShardState> shards, IImmutableSet<string> failed)
    {
        Shards = shards;
        Failed = failed;
    }

    public bool Equals(CurrentShardRegionState? other) => other is not null && Shards.SetEquals(other.Shards) && Failed.SetEquals(other.Failed);

    public override bool Equals(object? obj) => Equals(obj as CurrentShardRegionState);

    public override int GetHashCode() => HashCode.Combine(Shards.Count, Failed.Count);
}

/// <summary>The number of entities of each shard of a region, and the shards that did not tell in time.</summary>
public sealed class ShardRegionStats : IClusterShardingSerializable, IEquatable<ShardRegionStats>
{
    public readonly IImmutableDictionary<string, int> Stats;
    public readonly IImmutableSet<string> Failed;

    public ShardRegionStats(IImmutableDictionary<string, int> stats)
        : this(stats, ImmutableHashSet<string>.Empty)
    {
    }

    public ShardRegionStats(IImmutableDictionary<string, int> stats, IImmutableSet<string> failed)
    {
        Stats = stats;
        Failed = failed;
    }

    public bool Equals(ShardRegionStats? other) => other is not null && Failed.SetEquals(other.Failed)
        && Stats.Count == other.Stats.Count && Stats.All(each => other.Stats.TryGetValue(each.Key, out int count) && count == each.Value);

    public override bool Equals(object? obj) => Equals(obj as ShardRegionStats);

    public override int GetHashCode() => HashCode.Combine(Stats.Count, Failed.Count);
}

/// <summary>The nodes that have a region.</summary>
public sealed class CurrentRegions : IClusterShardingSerializable, IEquatable<CurrentRegions>
{
    public readonly IImmutableSet<Address> Regions;

    public CurrentRegions(IImmutableSet<Address> regions) => Regions = regions;

    public bool Equals(CurrentRegions? other) => other is not null && Regions.SetEquals(other.Regions);

    public override bool Equals(object? obj) => Equals(obj as CurrentRegions);

    public override int GetHashCode() => Regions.Count;
}

/// <summary>What the regions of all nodes answered; those that did not in time are left out.</summary>
public sealed class ClusterShardingStats : IClusterShardingSerializable, IEquatable<ClusterShardingStats>
{
    public readonly IImmutableDictionary<Address, ShardRegionStats> Regions;

    public ClusterShardingStats(IImmutableDictionary<Address, ShardRegionStats> regions) => Regions = regions;

    public bool Equals(ClusterShardingStats? other) => other is not null && Regions.Count == other.Regions.Count
        && Regions.All(each => other.Regions.TryGetValue(each.Key, out ShardRegionStats? stats) && stats.Equals(each.Value));

    public override bool Equals(object? obj) => Equals(obj as ClusterShardingStats);

    public override int GetHashCode() => Regions.Count;
}
