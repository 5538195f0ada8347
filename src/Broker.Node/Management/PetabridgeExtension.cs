using Akka.Actor;
using Akka.Configuration;
using Petabridge.Cmd.Cluster;
using Petabridge.Cmd.Cluster.Sharding;
using Petabridge.Cmd.Host;

namespace Broker.Node.Management;

/// <summary>
/// Petabridge.Cmd's host, for its client <c>pbm</c>, beside <c>broker cluster</c> and the like: started with the actor system where <c>akka.hocon</c> names this type in <c>akka.extensions</c>.
/// Compiled and checked only in the build with <c>AkkaNet=packages</c>: the bundled Akka.NET has neither Petabridge.Cmd nor <c>akka.extensions</c>.
/// </summary>
public sealed class PetabridgeExtension : ExtensionIdProvider<PetabridgeHost>
{
    public override PetabridgeHost CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>A started host of Petabridge.Cmd; it ends with the actor system.</summary>
public sealed class PetabridgeHost : IExtension
{
    // Whoever reaches it may take nodes down: as the management endpoint's own part for that, it answers this machine only, unless akka.hocon says otherwise.
    private const string LocalOnly = """petabridge.cmd.host = "127.0.0.1" """;

    private const string ClusterProvider = "cluster";

    /// <param name="system">The node's. Alone, it has no cluster for the palettes to speak of.</param>
    public PetabridgeHost(ExtendedActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        system.Settings.InjectTopLevelFallback(ConfigurationFactory.ParseString(LocalOnly));
        PetabridgeCmd host = PetabridgeCmd.Get(system);
        if (system.Settings.Config.GetString("akka.actor.provider") == ClusterProvider)
        {
            host.RegisterCommandPalette(ClusterCommands.Instance);
            host.RegisterCommandPalette(ClusterShardingCommands.Instance);
        }

        host.Start();
    }
}
