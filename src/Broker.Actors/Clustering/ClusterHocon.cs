using Akka.Configuration;
using Broker.Actors.Configuration;

namespace Broker.Actors.Clustering;

/// <summary>What the actor system's settings of a node among others follow from: its own. How it behaves among them stands in <c>akka.hocon</c>.</summary>
public static class ClusterHocon
{
    /// <param name="options">The node's.</param>
    /// <param name="cluster">Its part in the cluster.</param>
    /// <param name="hocon">All the rest.</param>
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
          {{(cluster.DownsByLease ? "cluster.split-brain-resolver.active-strategy = lease-majority" : "")}}
        }
        """).WithFallback(hocon);

    private static string Bindings => string.Join('\n', ClusterSerializer.Messages.Select(type => $"\"{type.FullName}, {type.Assembly.GetName().Name}\" = broker"));
}
