using Akka.Actor;
using Akka.Cluster;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>Says to whoever finds this address in the registry which start it belongs to, and whether that one is in the cluster.</summary>
internal sealed class StartActor : ReceiveActor
{
    /// <summary>Its name, below <c>/user</c>.</summary>
    public const string Name = "start";

    public StartActor(NodeEntry entry)
    {
        Cluster cluster = Cluster.Get(Context.System);
        Receive<WhoIsThere>(_ => Sender.Tell(new StartIsHere(entry.Node, entry.Incarnation, cluster.State.Members.Any(member => member.Address.Equals(cluster.SelfAddress)))));
    }
}

/// <summary>Asks an address which start of which node it is. Answered with <see cref="StartIsHere"/>.</summary>
internal sealed record WhoIsThere
{
    public static readonly WhoIsThere Instance = new();
}

/// <summary>A start that runs.</summary>
/// <param name="Node">Of which.</param>
/// <param name="Incarnation">As it is registered.</param>
/// <param name="IsMember">The cluster has let it in.</param>
internal sealed record StartIsHere(NodeId Node, Guid Incarnation, bool IsMember);
