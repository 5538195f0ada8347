namespace Akka.Cluster.SBR;

/// <summary>A side stays that has the quorum. With more members than twice the quorum less one both sides may have it: all go then.</summary>
internal sealed class StaticQuorum(StaticQuorumSettings settings) : IDowningStrategy
{
    public Decision Decide(PartitionView view)
    {
        int here = PartitionView.Votes(view.Reachable, settings.Role);
        int all = here + PartitionView.Votes(view.Unreachable, settings.Role);
        return all > (settings.Size * 2) - 1 ? Decision.DownAll
            : here >= settings.Size ? Decision.DownUnreachable
            : Decision.DownReachable;
    }
}
