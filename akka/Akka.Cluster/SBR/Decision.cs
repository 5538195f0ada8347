namespace Akka.Cluster.SBR;

/// <summary>What becomes of a partition.</summary>
internal enum Decision
{
    /// <summary>This side stays.</summary>
    DownUnreachable,

    /// <summary>This side goes: the other one stays.</summary>
    DownReachable,

    /// <summary>Neither is sure of itself.</summary>
    DownAll,

    /// <summary>This side stays if it gets the lease, and goes if not.</summary>
    AcquireLease,

    /// <summary>As <see cref="AcquireLease"/>, but the other, larger side may try first.</summary>
    AcquireLeaseLater,
}

/// <summary>Decides the same on both sides of a partition, without asking: one side stays. Pure.</summary>
internal interface IDowningStrategy
{
    Decision Decide(PartitionView view);
}

internal static class Decisions
{
    /// <summary>Whom the decision takes; those of the other side first, the own node last where it is among them.</summary>
    public static IEnumerable<Member> Victims(this PartitionView view, Decision decision, UniqueAddress self)
    {
        IEnumerable<Member> victims = decision switch
        {
            Decision.DownUnreachable => view.BadlyConnected.Union(view.Unreachable),
            Decision.DownReachable => view.BadlyConnected.Union(view.Reachable),
            _ => view.BadlyConnected.Union(view.Unreachable).Union(view.Reachable),
        };
        return victims.OrderBy(member => member.UniqueAddress == self);
    }
}
