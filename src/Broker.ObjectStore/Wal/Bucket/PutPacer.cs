namespace Broker.ObjectStore.Wal;

/// <summary>
/// Decides when the next PUT goes. With none in flight: at once. With some: half the time that one takes after the last one, at most the linger later, so
/// that two are in flight while the store is steady, and more while one hangs. A full batch waits for neither. The budget is a bucket of tokens, as deep as one
/// second's worth; a full batch takes one if there is one. Not thread-safe: its owner's lock guards it.
/// </summary>
internal sealed class PutPacer(int maxInFlight, int maxPutsPerSecond, TimeSpan maxLinger, TimeProvider time)
{
    /// <summary>The share of the newest PUT in the smoothed time: that of TCP's round-trip time (RFC 6298).</summary>
    private const double NewestShare = 1.0 / 8;

    /// <summary>
    /// PUTs that share the time of one. 2: acknowledgements go in order, so each waits for the slowest of those before it. Where PUTs vary as S3's do (a p99 three to four
    /// times the p50), four at a time are acknowledged no sooner than two, and cost half as much again.
    /// </summary>
    private const int Overlap = 2;

    private double _tokens = maxPutsPerSecond;
    private long _filledAt = time.GetTimestamp();
    private long _lastStart;

    // Until one has ended, the linger is what they are spread by.
    private TimeSpan _putTime = maxLinger * Overlap;
    private bool _isMeasured;

    public int InFlight { get; private set; }

    /// <summary>How long the next PUT must wait; zero: it goes now. Null: until one ends.</summary>
    /// <remarks>In whole milliseconds, as timers are.</remarks>
    public TimeSpan? Wait(bool isFull)
    {
        if (InFlight == maxInFlight)
        {
            return null;
        }

        if (isFull)
        {
            return TimeSpan.Zero;
        }

        TimeSpan spread = _putTime / Overlap;
        TimeSpan linger = (spread < maxLinger ? spread : maxLinger) - time.GetElapsedTime(_lastStart);
        TimeSpan wait = InFlight > 0 && linger > TimeSpan.Zero ? linger : TimeSpan.Zero;
        TimeSpan budget = BudgetWait();
        return TimeSpan.FromMilliseconds(Math.Round((wait > budget ? wait : budget).TotalMilliseconds));
    }

    /// <summary>A PUT goes now.</summary>
    /// <returns>Its start, for <see cref="Ended"/>.</returns>
    public long Start(bool isFull)
    {
        Fill();
        _tokens = isFull ? Math.Max(0, _tokens - 1) : _tokens - 1;
        InFlight++;
        return _lastStart = time.GetTimestamp();
    }

    /// <summary>A PUT is over.</summary>
    public void Ended(long start)
    {
        InFlight--;
        TimeSpan took = time.GetElapsedTime(start);
        _putTime = _isMeasured ? _putTime + ((took - _putTime) * NewestShare) : took;
        _isMeasured = true;
    }

    private TimeSpan BudgetWait()
    {
        if (maxPutsPerSecond == 0)
        {
            return TimeSpan.Zero;
        }

        Fill();
        return _tokens >= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _tokens) / maxPutsPerSecond);
    }

    private void Fill()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(maxPutsPerSecond, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * maxPutsPerSecond));
        _filledAt = now;
    }
}
