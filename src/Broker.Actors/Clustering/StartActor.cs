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

    /// <param name="entry">Of this start.</param>
    /// <param name="registry">In the bucket that this node uses.</param>
    /// <param name="clock">The node's.</param>
    public StartActor(NodeEntry entry, NodeRegistry registry, TimeProvider clock)
    {
        Cluster cluster = Cluster.Get(Context.System);
        Receive<LookForStart>(look => LookAsync(registry, look, clock).PipeTo(Sender, Self, failure: _ => new StartIsSought(null)));
        Receive<WhoIsThere>(_ => Sender.Tell(new StartIsHere(entry.Node, entry.Incarnation, cluster.State.Members.Any(member => member.Address.Equals(cluster.SelfAddress)))));
    }

    // Who asks waits no longer, and asks again.
    private static async Task<StartIsSought> LookAsync(NodeRegistry registry, LookForStart look, TimeProvider clock)
    {
        using CancellationTokenSource patience = new(StartProbe.AnswerPatience, clock);
        return new StartIsSought((await registry.FindAsync(look.Node, patience.Token))?.Entry.Incarnation == look.Incarnation);
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

/// <summary>Asks whether a start is registered in the bucket that whoever is asked uses: who does not find it there uses another one. Answered with <see cref="StartIsSought"/>.</summary>
/// <param name="Node">Of which node.</param>
/// <param name="Incarnation">As it has registered.</param>
internal sealed record LookForStart(NodeId Node, Guid Incarnation);

/// <summary>What was found in the registry.</summary>
/// <param name="IsFound">Null: the bucket did not answer.</param>
internal sealed record StartIsSought(bool? IsFound);
