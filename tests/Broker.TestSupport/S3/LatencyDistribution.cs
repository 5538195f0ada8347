namespace Broker.TestSupport.S3;

/// <summary>
/// Latencies as stores have them: lognormal, given by their median and 99th percentile. The same seed gives the same series. Thread-safe.
/// </summary>
public sealed class LatencyDistribution
{
    /// <summary>The 99th percentile of the standard normal distribution.</summary>
    private const double NormalP99 = 2.3263478740408408;

    private readonly Random _random;
    private readonly double _mu;
    private readonly double _sigma;

    /// <param name="p50">Half of the latencies lie below.</param>
    /// <param name="p99">99 of 100 lie below; at least <paramref name="p50"/>.</param>
    /// <param name="seed">Of the series.</param>
    public LatencyDistribution(TimeSpan p50, TimeSpan p99, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(p50, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(p99, p50);
        _random = new Random(seed);
        _mu = Math.Log(p50.TotalMilliseconds);
        _sigma = Math.Log(p99 / p50) / NormalP99;
    }

    /// <summary>The next latency.</summary>
    public TimeSpan Next()
    {
        double u, v;
        lock (_random)
        {
            u = 1 - _random.NextDouble();
            v = _random.NextDouble();
        }

        // Box and Muller's transform.
        double normal = Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
        return TimeSpan.FromMilliseconds(Math.Exp(_mu + (_sigma * normal)));
    }
}
