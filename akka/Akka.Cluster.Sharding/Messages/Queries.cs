namespace Akka.Cluster.Sharding;

/// <summary>A question that any region answers.</summary>
public interface IShardRegionQuery
{
}

/// <summary>Which shards and entities does this region have? Answered with <see cref="CurrentShardRegionState"/>.</summary>
public sealed class GetShardRegionState : IShardRegionQuery, IClusterShardingSerializable
{
    public static readonly GetShardRegionState Instance = new();

    private GetShardRegionState()
    {
    }
}

/// <summary>How many entities has this region in each shard? Answered with <see cref="ShardRegionStats"/>.</summary>
public sealed class GetShardRegionStats : IShardRegionQuery, IClusterShardingSerializable
{
    public static readonly GetShardRegionStats Instance = new();

    private GetShardRegionStats()
    {
    }
}

/// <summary>Which regions are there? Answered with <see cref="CurrentRegions"/>, as soon as there is a coordinator.</summary>
public sealed class GetCurrentRegions : IShardRegionQuery, IClusterShardingSerializable
{
    public static readonly GetCurrentRegions Instance = new();

    private GetCurrentRegions()
    {
    }
}

/// <summary>How many entities have all regions in each shard? Answered with <see cref="ClusterShardingStats"/>.</summary>
public sealed class GetClusterShardingStats : IShardRegionQuery, IClusterShardingSerializable, IEquatable<GetClusterShardingStats>
{
    /// <summary>After which regions that have not answered are left out.</summary>
    public readonly TimeSpan Timeout;

    public GetClusterShardingStats(TimeSpan timeout) => Timeout = timeout;

    public bool Equals(GetClusterShardingStats? other) => other is not null && Timeout == other.Timeout;

    public override bool Equals(object? obj) => Equals(obj as GetClusterShardingStats);

    public override int GetHashCode() => Timeout.GetHashCode();
}
