using System.Globalization;
using Xunit.Abstractions;

namespace Broker.Wire.Property;

/// <summary>Where a test's randomness comes from: <c>BROKER_TEST_SEED</c>, or else always the same. It is printed.</summary>
internal static class Seed
{
    private const int Default = 20260101;

    public static int Print(ITestOutputHelper output)
    {
        string? given = Environment.GetEnvironmentVariable("BROKER_TEST_SEED");
        int seed = given is null ? Default : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}; repeat with BROKER_TEST_SEED={seed}");
        return seed;
    }
}
