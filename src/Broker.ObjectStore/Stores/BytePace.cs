namespace Broker.ObjectStore;

/// <summary>How fast the bytes of several requests may go, together. Time in which nothing went is not made up for. Thread-safe.</summary>
/// <param name="bytesPerSecond">Asked for each piece; infinite for no bound.</param>
/// <param name="clock">For the waits.</param>
public sealed class BytePace(Func<double> bytesPerSecond, TimeProvider clock)
{
    /// <summary>What a piece may be early by: timers are no better than some milliseconds, and a wait for each piece would be as many threads' switches.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly long _origin = clock.GetTimestamp();

    // When what was let go has gone at its pace, since the origin.
    private TimeSpan _freeAt;

    /// <summary>Waits until the next <paramref name="bytes"/> may go.</summary>
    public Task WaitAsync(long bytes, CancellationToken ct) => WaitAsync(bytes, TimeSpan.MaxValue, ct);

    /// <summary>As <see cref="WaitAsync(long, CancellationToken)"/>, but no longer than <paramref name="atMost"/>: those that wait behind wait for these bytes all the same.</summary>
    public Task WaitAsync(long bytes, TimeSpan atMost, CancellationToken ct)
    {
        double rate = bytesPerSecond();
        TimeSpan wait;
        lock (_lock)
        {
            TimeSpan now = clock.GetElapsedTime(_origin);
            TimeSpan start = _freeAt > now && double.IsFinite(rate) ? _freeAt : now;
            _freeAt = start + TimeSpan.FromSeconds(bytes / rate);
            wait = start - now;
        }

        return wait <= Burst ? Task.CompletedTask : Task.Delay(wait < atMost ? wait : atMost, clock, ct);
    }
}
