using System.Collections.Immutable;
using System.Reflection;
using Akka.Actor;
using Akka.Configuration;
using Akka.Util;

namespace Akka.Cluster;

/// <summary>The settings of <c>akka.cluster</c>.</summary>
public sealed class ClusterSettings
{
    private const string FromAssembly = "assembly-version";

    /// <exception cref="ConfigurationException">A value makes no sense.</exception>
    public ClusterSettings(Config config, string systemName)
    {
        Config cluster = config.GetConfig("akka.cluster").WithFallback(ClusterReferenceConfig.Default.GetConfig("akka.cluster"));
        FailureDetectorConfig = cluster.GetConfig("failure-detector");
        FailureDetectorImplementationClass = FailureDetectorConfig.GetString("implementation-class");
        HeartbeatInterval = Positive(FailureDetectorConfig, "heartbeat-interval");
        HeartbeatExpectedResponseAfter = Positive(FailureDetectorConfig, "expected-response-after");
        MonitoredByNrOfMembers = AtLeastOne(FailureDetectorConfig, "monitored-by-nr-of-members");
        UnreachableWhenRefusedFor = Optional(FailureDetectorConfig, "unreachable-when-refused-for");
        SeedNodes = [.. cluster.GetStringList("seed-nodes").Select(seed => SeedNode(seed, systemName))];
        SeedNodeTimeout = Positive(cluster, "seed-node-timeout");
        RetryUnsuccessfulJoinAfter = Optional(cluster, "retry-unsuccessful-join-after");
        ShutdownAfterUnsuccessfulJoinSeedNodes = Optional(cluster, "shutdown-after-unsuccessful-join-seed-nodes");
        PeriodicTasksInitialDelay = Positive(cluster, "periodic-tasks-initial-delay");
        GossipInterval = Positive(cluster, "gossip-interval");
        LeaderActionsInterval = Positive(cluster, "leader-actions-interval");
        UnreachableNodesReaperInterval = Positive(cluster, "unreachable-nodes-reaper-interval");
        GossipDifferentViewProbability = cluster.GetDouble("gossip-different-view-probability");
        PruneTombstonesAfter = Positive(cluster, "prune-gossip-tombstones-after");
        Roles = [.. cluster.GetStringList("roles")];
        string version = cluster.GetString("app-version");
        AppVersion = version is FromAssembly or "" ? OfProgram() : AppVersion.Create(version);
        UseDispatcher = cluster.GetString("use-dispatcher");
        MinNrOfMembers = AtLeastOne(cluster, "min-nr-of-members");
        Config roles = cluster.GetConfig("role");
        MinNrOfMembersOfRole = roles.AsEnumerable().ToImmutableDictionary(
            role => role.Key, role => roles.GetInt($"\"{role.Key}\".min-nr-of-members", 1));
        string downing = cluster.GetString("downing-provider-class");
        DowningProviderType = string.IsNullOrEmpty(downing)
            ? typeof(NoDowning)
            : Type.GetType(downing) ?? throw new ConfigurationException($"akka.cluster.downing-provider-class names the unknown type '{downing}'.");
        RunCoordinatedShutdownWhenDown = cluster.GetBoolean("run-coordinated-shutdown-when-down");
        LogInfoVerbose = cluster.GetBoolean("log-info-verbose");
        LogInfo = LogInfoVerbose || cluster.GetBoolean("log-info");
    }

    public bool LogInfo { get; }

    public bool LogInfoVerbose { get; }

    public Config FailureDetectorConfig { get; }

    public string FailureDetectorImplementationClass { get; }

    public TimeSpan HeartbeatInterval { get; }

    public TimeSpan HeartbeatExpectedResponseAfter { get; }

    public int MonitoredByNrOfMembers { get; }

    public ImmutableList<Address> SeedNodes { get; }

    public TimeSpan SeedNodeTimeout { get; }

    public TimeSpan? RetryUnsuccessfulJoinAfter { get; }

    public TimeSpan? ShutdownAfterUnsuccessfulJoinSeedNodes { get; }

    public TimeSpan PeriodicTasksInitialDelay { get; }

    public TimeSpan GossipInterval { get; }

    public TimeSpan LeaderActionsInterval { get; }

    public TimeSpan UnreachableNodesReaperInterval { get; }

    public double GossipDifferentViewProbability { get; }

    public ImmutableHashSet<string> Roles { get; }

    public AppVersion AppVersion { get; }

    public string UseDispatcher { get; }

    public int MinNrOfMembers { get; }

    public ImmutableDictionary<string, int> MinNrOfMembersOfRole { get; }

    public Type DowningProviderType { get; }

    public bool RunCoordinatedShutdownWhenDown { get; }

    internal TimeSpan? UnreachableWhenRefusedFor { get; }

    internal TimeSpan PruneTombstonesAfter { get; }

    private static Address SeedNode(string text, string systemName) =>
        Address.TryParse(text, out Address? address) && address!.HasGlobalScope && address.System == systemName
            ? address
            : throw new ConfigurationException($"akka.cluster.seed-nodes: '{text}' is not an address like akka.tcp://{systemName}@host:port.");

    private static TimeSpan Positive(Config config, string name) =>
        config.GetTimeSpan(name, allowInfinite: false) is var span && span > TimeSpan.Zero
            ? span
            : throw new ConfigurationException($"akka.cluster: {name} must be more than nothing.");

    private static TimeSpan? Optional(Config config, string name) =>
        config.GetString(name) is "off" or "false" ? null : Positive(config, name);

    private static int AtLeastOne(Config config, string name) =>
        config.GetInt(name) is var number && number >= 1
            ? number
            : throw new ConfigurationException($"akka.cluster: {name} must be 1 or more.");

    private static AppVersion OfProgram() =>
        Assembly.GetEntryAssembly()?.GetName().Version is { } version ? AppVersion.Create(version.ToString()) : AppVersion.Zero;
}
