using Akka.Actor;
using Akka.Cluster.Tools.Singleton.Serialization;
using Akka.Configuration;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>Brings the defaults and the serializer of singletons into a system, once.</summary>
internal sealed class SingletonSupport : IExtension
{
    /// <summary>The defaults of every setting of singletons that is honoured.</summary>
    public static readonly Config Default = ConfigurationFactory.ParseString("""
        akka.cluster {
          singleton {
            singleton-name = "singleton"
            # Only members with the role; empty for all.
            role = ""
            # How often the oldest member asks the one before it whether it has stopped.
            hand-over-retry-interval = 1s
            # How much later the singleton starts when the one before was downed: as long as a node that is cut off may need to notice that.
            removal-margin = 0s
          }
          singleton-proxy {
            singleton-name = ${akka.cluster.singleton.singleton-name}
            role = ""
            # How often a proxy looks for a singleton that it has not found; the first looks come sooner.
            singleton-identification-interval = 1s
            # Messages that wait for a singleton; one more, and the first one is dropped.
            buffer-size = 1000
          }
        }
        """);

    private SingletonSupport(ExtendedActorSystem system)
    {
        system.Settings.InjectTopLevelFallback(Default);
        ClusterSingletonMessageSerializer serializer = new(system);
        system.Serialization.AddSerializer("akka-singleton", serializer);
        system.Serialization.AddSerializationMap(typeof(IClusterSingletonMessage), serializer);
    }

    public static void Install(ActorSystem system) => new Provider().Apply(system);

    private sealed class Provider : ExtensionIdProvider<SingletonSupport>
    {
        public override SingletonSupport CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
