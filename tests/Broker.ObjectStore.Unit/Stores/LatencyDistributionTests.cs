using Broker.TestSupport.S3;

namespace Broker.ObjectStore.Unit.Stores;

/// <summary>The latencies that tests and benchmarks inject are those that they name.</summary>
public sealed class LatencyDistributionTests
{
    [Theory]
    [InlineData(8, 25)]
    [InlineData(60, 250)]
    public void Median_and_99th_percentile_are_as_given_and_a_seed_repeats_the_series(int p50Ms, int p99Ms)
    {
        LatencyDistribution latency = Of(seed: 3);
        double[] drawn = [.. Enumerable.Range(0, 50_000).Select(_ => latency.Next().TotalMilliseconds)];
        LatencyDistribution again = Of(seed: 3);
        Assert.All(drawn.Take(100), ms => Assert.Equal(ms, again.Next().TotalMilliseconds));
        Array.Sort(drawn);
        Assert.InRange(drawn[25_000], p50Ms * 0.97, p50Ms * 1.03);
        Assert.InRange(drawn[49_500], p99Ms * 0.95, p99Ms * 1.05);

        LatencyDistribution Of(int seed) => new(TimeSpan.FromMilliseconds(p50Ms), TimeSpan.FromMilliseconds(p99Ms), seed);
    }
}
