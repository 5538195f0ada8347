namespace Akka.Cluster.SBR;

/// <summary>The larger side stays; of two halves the one with the first address.</summary>
internal sealed class KeepMajority(string? role) : IDowningStrategy
{
    public Decision Decide(PartitionView view) => IsMajority(view, role) ? Decision.DownUnreachable : Decision.DownReachable;

    public static bool IsMajority(PartitionView view, string? role)
    {
        int here = PartitionView.Votes(view.Reachable, role);
        int there = PartitionView.Votes(view.Unreachable, role);
        Member? first = PartitionView.Voters(view.Reachable.Union(view.Unreachable), role).Min();
        return here > there || (here == there && (first is null || view.Reachable.Contains(first)));
    }
}
