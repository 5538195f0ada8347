namespace Broker.TestSupport.S3;

/// <summary>Latencies of a store that serves most requests at once, and lets some stand: those that meet a server that is overloaded, or a connection that is broken. The same seed gives the same series. Thread-safe.</summary>
/// <param name="share">Of the requests, between 0 and 1.</param>
/// <param name="least">So long they stand at least.</param>
/// <param name="most">And at most.</param>
/// <param name="seed">Of the series.</param>
public sealed class RareStalls(double share, TimeSpan least, TimeSpan most, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The next latency.</summary>
    public TimeSpan Next()
    {
        lock (_random)
        {
            return _random.NextDouble() < share ? least + ((most - least) * _random.NextDouble()) : TimeSpan.Zero;
        }
    }
}
