using System.Collections.Concurrent;
using System.Reflection;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Coordination;

public class LeaseProviderExtensionProvider : ExtensionIdProvider<LeaseProvider>
{
    public override LeaseProvider CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>Makes leases by the settings that name their implementation; each once.</summary>
public class LeaseProvider : IExtension
{
    private readonly ConcurrentDictionary<(string Lease, string Path, string Owner), Lazy<Lease>> _leases = new();
    private readonly ExtendedActorSystem _system;

    public LeaseProvider(ExtendedActorSystem system) => _system = system;

    public static LeaseProvider Get(ActorSystem system) => new LeaseProviderExtensionProvider().Apply(system);

    /// <summary>What a lease's section need not say.</summary>
    public static Config DefaultConfig() => ConfigurationFactory.ParseString("""
        akka.coordination.lease {
          lease-class = ""
          heartbeat-timeout = 120s
          heartbeat-interval = 12s
          lease-operation-timeout = 5s
        }
        """);

    /// <param name="leaseName">The lease, one for the whole cluster.</param>
    /// <param name="configPath">The section of the implementation, with its <c>lease-class</c>.</param>
    /// <param name="ownerName">Who will hold it: unique in the cluster.</param>
    /// <exception cref="ArgumentException">There is no such section, or the type in it is not there or no lease.</exception>
    public Lease GetLease(string leaseName, string configPath, string ownerName) => _leases.GetOrAdd(
        (leaseName, configPath, ownerName), key => new Lazy<Lease>(() => Create(key.Lease, key.Path, key.Owner))).Value;

    private Lease Create(string leaseName, string configPath, string ownerName)
    {
        Config config = _system.Settings.Config.GetConfig(configPath)
            .WithFallback(_system.Settings.Config.GetConfig("akka.coordination.lease"))
            .WithFallback(DefaultConfig().GetConfig("akka.coordination.lease"));
        string typeName = config.GetString("lease-class");
        Type type = Type.GetType(typeName)
            ?? throw new ArgumentException($"{configPath}.lease-class names the unknown type '{typeName}'.", nameof(configPath));
        const BindingFlags AnyInstance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        LeaseSettings settings = LeaseSettings.Create(config, leaseName, ownerName);
        object[] args = type.GetConstructor(AnyInstance, [typeof(LeaseSettings), typeof(ExtendedActorSystem)]) is not null
            ? [settings, _system]
            : [settings];
        return Activator.CreateInstance(type, AnyInstance, null, args, null) as Lease
            ?? throw new ArgumentException($"{configPath}.lease-class names '{typeName}', which is no lease.", nameof(configPath));
    }
}
