using Broker.TestSupport.Brokers;
using Xunit.Abstractions;

namespace Broker.Crash;

/// <summary>What environment variables say about crash runs; <see cref="CrashTests"/> names them.</summary>
internal static class CrashSettings
{
    private const int DefaultKills = 20;

    public static bool TargetIsApacheKafka => Environment.GetEnvironmentVariable("BROKER_TESTS_CRASH_TARGET") == "kafka";

    /// <summary>How often a run kills its broker.</summary>
    public static int Kills => Number("BROKER_TESTS_KILLS") ?? DefaultKills;

    /// <param name="overrides">Settings for ours, each <c>key=value</c>.</param>
    public static BrokerUnderTest NewBroker(params IReadOnlyList<string> overrides) =>
        TargetIsApacheKafka ? new ApacheKafkaBroker() : new NodeBroker(overrides);

    /// <summary>The run's randomness; its seed is printed.</summary>
    public static Random NewRandom(ITestOutputHelper output)
    {
        int seed = Number("BROKER_TESTS_SEED") ?? Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : null;
}
