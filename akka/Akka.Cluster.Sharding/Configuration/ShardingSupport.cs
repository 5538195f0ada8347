using Akka.Actor;
using Akka.Cluster.Sharding.Serialization;
using Akka.Configuration;

namespace Akka.Cluster.Sharding;

/// <summary>Brings the defaults and the serializer of sharding into a system, once.</summary>
internal sealed class ShardingSupport : IExtension
{
    /// <summary>The defaults of every setting of sharding that is honoured.</summary>
    public static readonly Config Default = ConfigurationFactory.ParseString("""
        akka.cluster.sharding {
          # Only members with the role have shards; empty for all.
          role = ""
          # How often what was not answered is asked again.
          retry-interval = 2s
          # Messages that a region keeps for shards whose home it does not know; one more is dropped.
          buffer-size = 100000
          # How long entities have to stop when their shard moves; then they are stopped.
          handoff-timeout = 60s
          # How often the allocation strategy is asked what should move.
          rebalance-interval = 10s
          # How long a new coordinator waits for members that do not tell which shards they have.
          waiting-for-state-timeout = 2s
          # How long a region waits for its shards to tell of themselves.
          shard-region-query-timeout = 3s

          least-shard-allocation-strategy {
            # Shards that may move at once, at most; 0 for the strategy that is set by the two settings below.
            rebalance-absolute-limit = 0
            # As the absolute one, as a part of all shards; the smaller one counts.
            rebalance-relative-limit = 0.1
            # How many more shards a region must have than another before some move.
            rebalance-threshold = 1
            max-simultaneous-rebalance = 3
          }
        }
        """);

    private ShardingSupport(ExtendedActorSystem system)
    {
        system.Settings.InjectTopLevelFallback(Default);
        ClusterShardingMessageSerializer serializer = new(system);
        system.Serialization.AddSerializer("akka-sharding", serializer);
        system.Serialization.AddSerializationMap(typeof(IClusterShardingSerializable), serializer);
    }

    public static void Install(ActorSystem system) => new Provider().Apply(system);

    private sealed class Provider : ExtensionIdProvider<ShardingSupport>
    {
        public override ShardingSupport CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
