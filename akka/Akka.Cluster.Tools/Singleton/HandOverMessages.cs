namespace Akka.Cluster.Tools.Singleton;

/// <summary>What managers of one singleton tell each other.</summary>
public interface IClusterSingletonMessage
{
}

/// <summary>From the oldest member that stays: is the singleton still running at yours?</summary>
internal sealed record HandOverToMe : IClusterSingletonMessage
{
    public static readonly HandOverToMe Instance = new();
}

/// <summary>The answer, as soon as it is true: it runs no more, and never will again.</summary>
internal sealed record HandOverDone : IClusterSingletonMessage
{
    public static readonly HandOverDone Instance = new();
}
