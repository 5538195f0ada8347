namespace Akka.Cluster.SBR;

/// <summary>The side stays that gets a lease from a third party, which the larger one asks first. Two nodes are enough for it.</summary>
internal sealed class LeaseMajority(string? role) : IDowningStrategy
{
    public Decision Decide(PartitionView view) =>
        KeepMajority.IsMajority(view, role) ? Decision.AcquireLease : Decision.AcquireLeaseLater;
}
