using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>The settings of <c>akka.cluster.singleton-proxy</c>.</summary>
public sealed class ClusterSingletonProxySettings : INoSerializationVerificationNeeded
{
    /// <param name="singletonName">As its manager has it.</param>
    /// <param name="role">As its manager has it.</param>
    /// <param name="singletonIdentificationInterval">How often the singleton is looked for while it is not found.</param>
    /// <param name="bufferSize">Messages that wait for it; 0 to drop all.</param>
    /// <param name="considerAppVersion">Not supported: members are compared by age alone.</param>
    /// <exception cref="ArgumentException">A value makes no sense, or is not supported.</exception>
    public ClusterSingletonProxySettings(string singletonName, string? role, TimeSpan singletonIdentificationInterval, int bufferSize, bool considerAppVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(singletonName);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(singletonIdentificationInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferSize);
        if (considerAppVersion)
        {
            throw new ArgumentException("Versions of the application are not considered.", nameof(considerAppVersion));
        }

        SingletonName = singletonName;
        Role = string.IsNullOrEmpty(role) ? null : role;
        SingletonIdentificationInterval = singletonIdentificationInterval;
        BufferSize = bufferSize;
    }

    public string SingletonName { get; }

    public string? Role { get; }

    public TimeSpan SingletonIdentificationInterval { get; }

    public int BufferSize { get; }

    public static ClusterSingletonProxySettings Create(ActorSystem system)
    {
        SingletonSupport.Install(system);
        return Create(system.Settings.Config.GetConfig("akka.cluster.singleton-proxy"), considerAppVersion: false);
    }

    /// <param name="config">The section.</param>
    /// <param name="considerAppVersion">Not supported.</param>
    public static ClusterSingletonProxySettings Create(Config config, bool considerAppVersion)
    {
        Config section = config.WithFallback(SingletonSupport.Default.GetConfig("akka.cluster.singleton-proxy"));
        return new ClusterSingletonProxySettings(
            section.GetString("singleton-name"),
            section.GetString("role"),
            section.GetTimeSpan("singleton-identification-interval", allowInfinite: false),
            section.GetInt("buffer-size"),
            considerAppVersion);
    }

    public ClusterSingletonProxySettings WithSingletonName(string singletonName) => new(singletonName, Role, SingletonIdentificationInterval, BufferSize, false);

    public ClusterSingletonProxySettings WithRole(string? role) => new(SingletonName, role, SingletonIdentificationInterval, BufferSize, false);

    public ClusterSingletonProxySettings WithSingletonIdentificationInterval(TimeSpan singletonIdentificationInterval) =>
        new(SingletonName, Role, singletonIdentificationInterval, BufferSize, false);

    public ClusterSingletonProxySettings WithBufferSize(int bufferSize) => new(SingletonName, Role, SingletonIdentificationInterval, bufferSize, false);
}
