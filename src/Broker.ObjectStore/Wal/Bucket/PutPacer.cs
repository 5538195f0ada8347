namespace Broker.ObjectStore.Wal;

/// <summary>
/// Decides when the next PUT goes. With none in flight: at once. With some: half the time that one takes after the last one, at most the linger later, so
/// that two are in flight while the store is steady, and more while one hangs. A full batch waits for neither. The budget for small PUTs is a bucket of tokens, as deep
/// as one second's worth; a PUT that is not small takes one if there is one. Not thread-safe: its owner's lock guards it.
/// </summary>
internal sealed class PutPacer(int maxInFlight, BucketWalOptions options)
{
    /// <summary>The share of the newest PUT in the smoothed time: that of TCP's round-trip time (RFC 6298).</summary>
    private const double NewestShare = 1.0 / 8;

    /// <summary>
    /// PUTs that share the time of one. 2: acknowledgements go in order, so each waits for the slowest of those before it. Where PUTs vary as S3's do (a p99 three to four
    /// times the p50), four at a time are acknowledged no sooner than two, and cost half as much again.
    /// </summary>
    private const int Overlap = 2;

    private readonly TimeProvider _time = options.Time;
    private double _tokens = options.MaxPutsPerSecond;
    private long _filledAt = options.Time.GetTimestamp();
    private long _lastStart;

    // Until one has ended, the linger is what they are spread by.
    private TimeSpan _putTime = options.MaxLinger * Overlap;
    private bool _isMeasured;

    public int InFlight { get; private set; }

    /// <summary>Whether a wait may be over because so much waits now, and less did before.</summary>
    public bool MayGo(long bytes, long bytesBefore) => (IsFull(bytes) && !IsFull(bytesBefore)) || (!IsSmall(bytes) && IsSmall(bytesBefore));

    /// <summary>How long the next PUT must wait when so many bytes do; zero: it goes now. Null: until one ends.</summary>
    /// <remarks>In whole milliseconds, as timers are.</remarks>
    public TimeSpan? Wait(long bytes)
    {
        if (InFlight == maxInFlight)
        {
            return null;
        }

        if (IsFull(bytes))
        {
            return TimeSpan.Zero;
        }

        TimeSpan spread = _putTime / Overlap;
        TimeSpan linger = (spread < options.MaxLinger ? spread : options.MaxLinger) - _time.GetElapsedTime(_lastStart);
        TimeSpan wait = InFlight > 0 && linger > TimeSpan.Zero ? linger : TimeSpan.Zero;
        TimeSpan budget = IsSmall(bytes) ? BudgetWait() : TimeSpan.Zero;
        return TimeSpan.FromMilliseconds(Math.Round((wait > budget ? wait : budget).TotalMilliseconds));
    }

    /// <summary>A PUT goes now, for which so many bytes were waiting: it is no small one where they were enough, though the last append may not have fitted.</summary>
    /// <returns>Its start, for <see cref="Ended"/>.</returns>
    public long Start(long bytes)
    {
        Fill();
        _tokens = IsSmall(bytes) ? _tokens - 1 : Math.Max(0, _tokens - 1);
        InFlight++;
        return _lastStart = _time.GetTimestamp();
    }

    /// <summary>A PUT is over.</summary>
    public void Ended(long start)
    {
        InFlight--;
        TimeSpan took = _time.GetElapsedTime(start);
        _putTime = _isMeasured ? _putTime + ((took - _putTime) * NewestShare) : took;
        _isMeasured = true;
    }

    private bool IsFull(long bytes) => bytes >= options.MaxBatchBytes;

    private bool IsSmall(long bytes) => bytes < Math.Min(options.SmallPutBytes, options.MaxBatchBytes);

    private TimeSpan BudgetWait()
    {
        if (options.MaxPutsPerSecond == 0)
        {
            return TimeSpan.Zero;
        }

        Fill();
        return _tokens >= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _tokens) / options.MaxPutsPerSecond);
    }

    private void Fill()
    {
        long now = _time.GetTimestamp();
        _tokens = Math.Min(options.MaxPutsPerSecond, _tokens + (_time.GetElapsedTime(_filledAt, now).TotalSeconds * options.MaxPutsPerSecond));
        _filledAt = now;
    }
}
