using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>Remoting, and the cluster with it: it joins its seed nodes as soon as the system is there.</summary>
internal sealed class ClusterActorRefProvider : RemoteActorRefProvider
{
    public ClusterActorRefProvider(ActorSystemImpl system)
        : base(system) => system.Settings.InjectTopLevelFallback(ClusterReferenceConfig.Default);

    public override void Start()
    {
        base.Start();
        Cluster.Get(System).JoinConfiguredSeedNodes();
    }
}
