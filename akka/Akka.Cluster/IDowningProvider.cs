using Akka.Actor;

namespace Akka.Cluster;

/// <summary>
/// Decides which unreachable members are gone (<c>akka.cluster.downing-provider-class</c>): has a constructor that takes an
/// <see cref="ActorSystem"/> and a <see cref="Cluster"/>.
/// </summary>
public interface IDowningProvider
{
    /// <summary>How long what ran on a removed member may still run there; zero for not reckoned with.</summary>
    TimeSpan DownRemovalMargin { get; }

    /// <summary>The actor that decides, and says so by <see cref="Cluster.Down"/>; null for none.</summary>
    Props? DowningActorProps { get; }
}

/// <summary>Nobody decides: unreachable members stay until they are back or downed by hand.</summary>
public sealed class NoDowning : IDowningProvider
{
    public NoDowning(ActorSystem system, Cluster cluster)
    {
        _ = system;
        _ = cluster;
    }

    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    public Props? DowningActorProps => null;
}
