using System.Collections.Immutable;
using Akka.Configuration;

namespace Akka.Cluster.SBR;

/// <summary>The settings of <c>akka.cluster.split-brain-resolver</c>.</summary>
public sealed class SplitBrainResolverSettings
{
    public static readonly string KeepMajorityName = "keep-majority";
    public static readonly string LeaseMajorityName = "lease-majority";
    public static readonly string StaticQuorumName = "static-quorum";
    public static readonly string KeepOldestName = "keep-oldest";
    public static readonly string DownAllName = "down-all";

    public static readonly ImmutableHashSet<string> AllStrategyNames =
        [KeepMajorityName, LeaseMajorityName, StaticQuorumName, KeepOldestName, DownAllName];

    private static readonly TimeSpan ShortestUnstable = TimeSpan.FromSeconds(4);

    private readonly Config _config;

    /// <exception cref="ConfigurationException">There is no such strategy, or no stable-after.</exception>
    public SplitBrainResolverSettings(Config config)
    {
        _config = config.GetConfig("akka.cluster.split-brain-resolver");
        DowningStableAfter = _config.GetTimeSpan("stable-after", allowInfinite: false);
        DowningStrategy = _config.GetString("active-strategy");
        if (!AllStrategyNames.Contains(DowningStrategy) || DowningStableAfter <= TimeSpan.Zero)
        {
            throw new ConfigurationException(
                $"akka.cluster.split-brain-resolver: active-strategy must be one of [{string.Join(", ", AllStrategyNames.Order())}], not '{DowningStrategy}', and stable-after more than nothing.");
        }

        DownAllWhenUnstable = _config.GetString("down-all-when-unstable") switch
        {
            "on" => TimeSpan.FromTicks(Math.Max(ShortestUnstable.Ticks, (DowningStableAfter * 3 / 4).Ticks)),
            "off" => TimeSpan.Zero,
            _ => _config.GetTimeSpan("down-all-when-unstable", allowInfinite: false),
        };
    }

    public TimeSpan DowningStableAfter { get; }

    public string DowningStrategy { get; }

    /// <summary>Zero for never.</summary>
    public TimeSpan DownAllWhenUnstable { get; }

    public string? KeepMajorityRole => Role("keep-majority");

    public StaticQuorumSettings StaticQuorumSettings => new(_config.GetInt("static-quorum.quorum-size"), Role("static-quorum"));

    public KeepOldestSettings KeepOldestSettings => new(_config.GetBoolean("keep-oldest.down-if-alone"), Role("keep-oldest"));

    public LeaseMajoritySettings LeaseMajoritySettings
    {
        get
        {
            Config lease = _config.GetConfig("lease-majority");
            string implementation = lease.GetString("lease-implementation");
            return string.IsNullOrEmpty(implementation)
                ? throw new ConfigurationException("akka.cluster.split-brain-resolver.lease-majority.lease-implementation must name the lease's section.")
                : new LeaseMajoritySettings(
                    implementation,
                    lease.GetTimeSpan("acquire-lease-delay-for-minority", allowInfinite: false),
                    lease.GetTimeSpan("release-after", allowInfinite: false),
                    Role("lease-majority"),
                    lease.GetString("lease-name"));
        }
    }

    private string? Role(string strategy) => _config.GetString($"{strategy}.role") is { Length: > 0 } role ? role : null;
}

/// <summary>Only members with the role count; null for all.</summary>
public sealed class StaticQuorumSettings
{
    public StaticQuorumSettings(int size, string? role)
    {
        if (size < 1)
        {
            throw new ConfigurationException("akka.cluster.split-brain-resolver.static-quorum.quorum-size must be 1 or more.");
        }

        Size = size;
        Role = role;
    }

    public int Size { get; }

    public string? Role { get; }
}

public sealed class KeepOldestSettings
{
    public KeepOldestSettings(bool downIfAlone, string? role)
    {
        DownIfAlone = downIfAlone;
        Role = role;
    }

    /// <summary>The oldest goes when it is alone on its side and the other side has two or more.</summary>
    public bool DownIfAlone { get; }

    public string? Role { get; }
}

public sealed class LeaseMajoritySettings
{
    public LeaseMajoritySettings(string leaseImplementation, TimeSpan acquireLeaseDelayForMinority, TimeSpan releaseAfter, string? role, string? leaseName)
    {
        LeaseImplementation = leaseImplementation;
        AcquireLeaseDelayForMinority = acquireLeaseDelayForMinority;
        ReleaseAfter = releaseAfter;
        Role = role;
        LeaseName = leaseName;
    }

    public string LeaseImplementation { get; }

    /// <summary>How much later the smaller side tries, so that the larger one is the likelier to stay.</summary>
    public TimeSpan AcquireLeaseDelayForMinority { get; }

    /// <summary>How long the lease is kept: longer than the other side takes to decide.</summary>
    public TimeSpan ReleaseAfter { get; }

    public string? Role { get; }

    public string? LeaseName { get; }

    public string SafeLeaseName(string systemName) => string.IsNullOrEmpty(LeaseName) ? $"{systemName}-akka-sbr" : LeaseName;
}
