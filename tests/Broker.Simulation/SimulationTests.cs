using System.Globalization;
using Xunit.Abstractions;

namespace Broker.Simulation;

/// <summary>
/// The broker of production, but for sockets and threads, in histories drawn by seeds: L1 to L12, S1 to S3. <c>make sim SEEDS=20000</c> runs more of them,
/// <c>make sim SEED=n</c> one of them, with all its events.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 2000;

    [SkippableTheory]
    [InlineData(SeedRange.Node)]
    [InlineData(SeedRange.Cluster)]
    public void Every_history_keeps_the_promises(string kind)
    {
        BundledAkka.Require();
        string? onlyKind = Environment.GetEnvironmentVariable("BROKER_SIM_KIND");
        Skip.If(onlyKind is { Length: > 0 } && onlyKind != kind, $"histories of kind {onlyKind} alone were asked for");
        if (Number("BROKER_SIM_SEED") is { } only)
        {
            Skip.If(string.IsNullOrEmpty(onlyKind) && kind != SeedRange.Node, "a seed without its kind is a node's");
            output.WriteLine(SeedRange.Replay(only, Sabotage.None, keptEvents: int.MaxValue, kind));
            new SeedRange(only, 1, Sabotage.None, kind: kind).Run().ThrowIfFailed();
            return;
        }

        int seeds = Number("BROKER_SIM_SEEDS") ?? DefaultSeeds;
        int first = Number("BROKER_SIM_FIRST_SEED") ?? (seeds > DefaultSeeds ? Environment.TickCount & 0xFFFFFF : 1);
        output.WriteLine($"{kind}: seeds {first} to {first + seeds - 1}");
        SeedRange range = new SeedRange(first, seeds, Sabotage.None, kind: kind).Run();
        output.WriteLine($"{range.Totals}");
        range.ThrowIfFailed();
        Assert.True(range.Totals.Acknowledged > seeds * 20L && range.Totals.Read > seeds * 20L && range.Totals.Starts > seeds * 3L, $"{range.Totals}");
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
