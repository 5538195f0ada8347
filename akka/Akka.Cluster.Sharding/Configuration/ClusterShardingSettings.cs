using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;

namespace Akka.Cluster.Sharding;

/// <summary>The settings of <c>akka.cluster.sharding</c>.</summary>
public sealed class ClusterShardingSettings : INoSerializationVerificationNeeded
{
    /// <summary>Only members with it have shards; null for all.</summary>
    public readonly string? Role;

    /// <summary>How long a region waits for its shards to tell of themselves.</summary>
    public readonly TimeSpan ShardRegionQueryTimeout;

    public readonly TuningParameters TuningParameters;

    /// <summary>Name and role are sharding's own.</summary>
    public readonly ClusterSingletonManagerSettings CoordinatorSingletonSettings;

    private ClusterShardingSettings(string? role, TimeSpan shardRegionQueryTimeout, TuningParameters tuningParameters, ClusterSingletonManagerSettings coordinatorSingletonSettings)
    {
        Role = string.IsNullOrEmpty(role) ? null : role;
        ShardRegionQueryTimeout = shardRegionQueryTimeout;
        TuningParameters = tuningParameters;
        CoordinatorSingletonSettings = coordinatorSingletonSettings;
    }

    /// <exception cref="ConfigurationException">A value makes no sense.</exception>
    public static ClusterShardingSettings Create(ActorSystem system)
    {
        ShardingSupport.Install(system);
        ClusterSingletonManagerSettings singleton = ClusterSingletonManagerSettings.Create(system);
        Config section = system.Settings.Config.GetConfig("akka.cluster.sharding");
        return new ClusterShardingSettings(
            section.GetString("role"), section.GetTimeSpan("shard-region-query-timeout", allowInfinite: false), new TuningParameters(section), singleton);
    }

    public ClusterShardingSettings WithRole(string? role) => new(role, ShardRegionQueryTimeout, TuningParameters, CoordinatorSingletonSettings);

    public ClusterShardingSettings WithTuningParameters(TuningParameters tuningParameters) => new(Role, ShardRegionQueryTimeout, tuningParameters, CoordinatorSingletonSettings);

    public ClusterShardingSettings WithCoordinatorSingletonSettings(ClusterSingletonManagerSettings coordinatorSingletonSettings) =>
        new(Role, ShardRegionQueryTimeout, TuningParameters, coordinatorSingletonSettings);
}
