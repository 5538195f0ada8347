using Akka.Actor;
using Akka.Configuration;

namespace Akka.TestKit;

/// <summary>The settings under <c>akka.test</c>.</summary>
public class TestKitSettings : IExtension
{
    public TestKitSettings(Config config)
    {
        DefaultTimeout = config.GetTimeSpan("akka.test.default-timeout", TimeSpan.FromSeconds(5), allowInfinite: false);
        SingleExpectDefault = config.GetTimeSpan("akka.test.single-expect-default", TimeSpan.FromSeconds(3), allowInfinite: false);
        TestEventFilterLeeway = config.GetTimeSpan("akka.test.filter-leeway", TimeSpan.FromSeconds(3), allowInfinite: false);
        TestTimeFactor = config.GetDouble("akka.test.timefactor", 1.0);
        if (TestTimeFactor <= 0)
        {
            throw new ConfigurationException($"akka.test.timefactor must be positive, not {TestTimeFactor}.");
        }
    }

    public TimeSpan DefaultTimeout { get; }

    /// <summary>How long an expectation waits unless told otherwise.</summary>
    public TimeSpan SingleExpectDefault { get; }

    /// <summary>How long an event filter waits for its events.</summary>
    public TimeSpan TestEventFilterLeeway { get; }

    /// <summary>What waits are multiplied by, for slow machines.</summary>
    public double TestTimeFactor { get; }
}
