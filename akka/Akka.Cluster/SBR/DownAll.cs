namespace Akka.Cluster.SBR;

/// <summary>Everybody goes; whoever starts the nodes has them begin anew.</summary>
internal sealed class DownAll : IDowningStrategy
{
    public Decision Decide(PartitionView view) => Decision.DownAll;
}
