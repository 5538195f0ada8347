using Akka.Configuration;
using Broker.Actors.Configuration;

namespace Broker.Actors.Clustering;

/// <summary>The actor system's settings of a node among others.</summary>
public static class ClusterHocon
{
    /// <summary>
    /// Below the operator's: a node that was killed is removed by the others after about 2 s. Heartbeats each 250 ms, and 750 ms of silence beyond that are borne: a pause of garbage
    /// collection is tens of milliseconds here, a busy machine a few hundred. The resolver waits 700 ms in which nothing changes, so that it sees the whole of a partition and not
    /// its beginning. A mistake costs a move of partitions and no record: who writes is decided in the bucket, where each owner fences the one before.
    /// Partitions are evened out every 3 s, some at a time, so that a node that was added has its share within half a minute; a new coordinator of shards waits 1 s for a node that does not say
    /// what it has, as one that has just died.
    /// </summary>
    private const string Defaults = """
        akka {
          remote {
            retry-gate-closed-for = 500ms
            transport-failure-detector { heartbeat-interval = 1s, acceptable-heartbeat-pause = 5s }
            dot-netty.tcp { connection-timeout = 2s, maximum-frame-size = 4MiB }
          }
          cluster {
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            gossip-interval = 200ms
            leader-actions-interval = 200ms
            unreachable-nodes-reaper-interval = 100ms
            periodic-tasks-initial-delay = 200ms
            retry-unsuccessful-join-after = 2s
            failure-detector { heartbeat-interval = 250ms, acceptable-heartbeat-pause = 750ms, min-std-deviation = 50ms, threshold = 8 }
            split-brain-resolver { active-strategy = keep-majority, stable-after = 700ms, down-all-when-unstable = 15s }
            sharding { rebalance-interval = 3s, retry-interval = 500ms, waiting-for-state-timeout = 1s }
          }
        }
        """;

    /// <summary>The node's part: what the operator says of it stands in <c>cluster.address</c> and <c>node.id</c>.</summary>
    public static Config For(BrokerOptions options, ClusterOptions cluster, Config hocon) => ConfigurationFactory.ParseString($$"""
        akka {
          actor {
            provider = cluster
            serializers.broker = "{{typeof(ClusterSerializer).FullName}}, {{typeof(ClusterSerializer).Assembly.GetName().Name}}"
            serialization-bindings {
              {{Bindings}}
            }
          }
          remote.dot-netty.tcp { hostname = "{{cluster.Host}}", port = {{cluster.Port}} }
          cluster.roles = ["{{NodeRoles.Of(options.NodeId)}}"]
        }
        """).WithFallback(hocon).WithFallback(ConfigurationFactory.ParseString(Defaults));

    private static string Bindings => string.Join('\n', ClusterSerializer.Messages.Select(type => $"\"{type.FullName}, {type.Assembly.GetName().Name}\" = broker"));
}
