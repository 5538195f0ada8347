namespace Akka.Cluster.Sharding;

/// <summary>Something that a region is told to do.</summary>
public interface IShardRegionCommand
{
}

/// <summary>The region gives its shards to others and stops, as coordinated shutdown has it do.</summary>
public sealed class GracefulShutdown : IShardRegionCommand
{
    public static readonly GracefulShutdown Instance = new();

    private GracefulShutdown()
    {
    }
}
