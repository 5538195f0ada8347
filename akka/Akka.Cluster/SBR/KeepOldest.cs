namespace Akka.Cluster.SBR;

/// <summary>The side of the oldest stays, unless the oldest is alone against two or more.</summary>
internal sealed class KeepOldest(KeepOldestSettings settings) : IDowningStrategy
{
    public Decision Decide(PartitionView view)
    {
        Member[] here = [.. PartitionView.Voters(view.Reachable, settings.Role)];
        Member[] there = [.. PartitionView.Voters(view.Unreachable, settings.Role)];
        Member? oldest = here.Concat(there).Min(Member.AgeOrdering);
        if (oldest is null)
        {
            return Decision.DownAll;
        }

        bool oldestIsHere = here.Contains(oldest);
        (Member[] withOldest, Member[] others) = oldestIsHere ? (here, there) : (there, here);
        bool oldestStays = !settings.DownIfAlone || withOldest.Length > 1 || others.Length < 2;
        return oldestIsHere == oldestStays ? Decision.DownUnreachable : Decision.DownReachable;
    }
}
