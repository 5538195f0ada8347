using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>The settings of <c>akka.cluster.singleton</c>.</summary>
public sealed class ClusterSingletonManagerSettings : INoSerializationVerificationNeeded
{
    /// <param name="singletonName">The name of the singleton's actor, below its manager.</param>
    /// <param name="role">Only members with the role; null for all.</param>
    /// <param name="removalMargin">How much later the singleton starts when the one before was downed.</param>
    /// <param name="handOverRetryInterval">How often the one before is asked whether it has stopped.</param>
    /// <param name="considerAppVersion">Not supported: members are compared by age alone.</param>
    /// <exception cref="ArgumentException">A value makes no sense, or is not supported.</exception>
    public ClusterSingletonManagerSettings(string singletonName, string? role, TimeSpan removalMargin, TimeSpan handOverRetryInterval, bool considerAppVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(singletonName);
        ArgumentOutOfRangeException.ThrowIfLessThan(removalMargin, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(handOverRetryInterval, TimeSpan.Zero);
        if (considerAppVersion)
        {
            throw new ArgumentException("Versions of the application are not considered.", nameof(considerAppVersion));
        }

        SingletonName = singletonName;
        Role = string.IsNullOrEmpty(role) ? null : role;
        RemovalMargin = removalMargin;
        HandOverRetryInterval = handOverRetryInterval;
    }

    public string SingletonName { get; }

    public string? Role { get; }

    public TimeSpan RemovalMargin { get; }

    public TimeSpan HandOverRetryInterval { get; }

    public static ClusterSingletonManagerSettings Create(ActorSystem system)
    {
        SingletonSupport.Install(system);
        return Create(system.Settings.Config.GetConfig("akka.cluster.singleton"));
    }

    /// <param name="config">The section.</param>
    public static ClusterSingletonManagerSettings Create(Config config)
    {
        Config section = config.WithFallback(SingletonSupport.Default.GetConfig("akka.cluster.singleton"));
        return new ClusterSingletonManagerSettings(
            section.GetString("singleton-name"),
            section.GetString("role"),
            section.GetTimeSpan("removal-margin", allowInfinite: false),
            section.GetTimeSpan("hand-over-retry-interval", allowInfinite: false),
            considerAppVersion: false);
    }

    public ClusterSingletonManagerSettings WithSingletonName(string singletonName) => new(singletonName, Role, RemovalMargin, HandOverRetryInterval, false);

    public ClusterSingletonManagerSettings WithRole(string? role) => new(SingletonName, role, RemovalMargin, HandOverRetryInterval, false);

    public ClusterSingletonManagerSettings WithRemovalMargin(TimeSpan removalMargin) => new(SingletonName, Role, removalMargin, HandOverRetryInterval, false);

    public ClusterSingletonManagerSettings WithHandOverRetryInterval(TimeSpan handOverRetryInterval) => new(SingletonName, Role, RemovalMargin, handOverRetryInterval, false);
}
