using Akka.Actor;
using Broker.Actors.Storage;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>Brings the object store to those whom the actor system makes by their names. Thread-safe.</summary>
internal sealed class ClusterStore : IExtension
{
    private volatile OpenStore? _store;

    /// <summary>Null: it is not open yet.</summary>
    public OpenStore? Store
    {
        get => _store;
        set => _store = value;
    }

    public static ClusterStore Get(ActorSystem system) => new Provider().Apply(system);

    /// <param name="Store">The cluster's.</param>
    /// <param name="Sources">Clock and ids.</param>
    internal sealed record OpenStore(IObjectStore Store, StorageSources Sources);

    private sealed class Provider : ExtensionIdProvider<ClusterStore>
    {
        public override ClusterStore CreateExtension(ExtendedActorSystem system) => new();
    }
}
