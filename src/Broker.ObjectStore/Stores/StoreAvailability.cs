namespace Broker.ObjectStore;

/// <summary>Since when a store does not serve, and what it said first.</summary>
/// <param name="Since">When the first of the requests began that have failed since.</param>
/// <param name="Reason">The message of the error that settled it.</param>
public sealed record StoreOutage(DateTimeOffset Since, string Reason);

/// <summary>
/// Whether a store serves, judged by the outcomes of requests; told once for each change. One request that fails is none. It fails when of its reads, or of its
/// writes, none has succeeded for <see cref="FailsAfter"/>, or <see cref="FailsAfterRequests"/> in a row have not, judged whenever one fails: a store that hangs is told of when the first
/// request's time is up. (That one has not ended yet proves nothing: uploads take their time.) It serves again when one succeeded and none of the
/// kind failed for <see cref="ServesAfter"/>: so a store that comes and goes is told of once. Thread-safe; a timer only while it is about to serve again.
/// </summary>
/// <param name="time">Times it all.</param>
/// <param name="onFailing">Told when it begins to fail.</param>
/// <param name="onServing">Told when it serves again, with the time from the first failure to the first success after the last one.</param>
public sealed class StoreAvailability(TimeProvider time, Action<StoreOutage> onFailing, Action<TimeSpan> onServing)
{
    /// <summary>Longer than what a slow request takes, shorter than an operator wants to wait for word.</summary>
    public static readonly TimeSpan FailsAfter = TimeSpan.FromSeconds(2);

    /// <summary>Failures that follow each other at once, as those of a server that is not there.</summary>
    public const int FailsAfterRequests = 3;

    /// <summary>Beyond the longest pause between two tries of one request.</summary>
    public static readonly TimeSpan ServesAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Kind _reads = new();
    private readonly Kind _writes = new();
    private volatile StoreOutage? _outage;
    private long _firstFailure;
    private ITimer? _quiet;
    private long _answersOfFailing;

    /// <summary>How many requests were answered of a kind, reads or writes, that fails: it grows while the store fails in part.</summary>
    public long AnswersOfFailing => Interlocked.Read(ref _answersOfFailing);

    /// <summary>Null while the store serves.</summary>
    public StoreOutage? Outage => _outage;

    /// <summary>A request was answered, be it that there is no such object.</summary>
    internal void Succeeded(bool isWrite)
    {
        Kind kind = isWrite ? _writes : _reads;
        lock (_lock)
        {
            kind.LastSuccess = time.GetTimestamp();
            kind.FirstSuccess ??= kind.LastSuccess;
            kind.Failures = 0;
            if (kind.IsFailing)
            {
                Interlocked.Increment(ref _answersOfFailing);
            }

            if (kind.IsFailing && _quiet is null)
            {
                _quiet = time.CreateTimer(_ => OnQuiet(), null, ServesAfter, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>A request failed with Unavailable, or nobody knows what became of it.</summary>
    /// <param name="isWrite">PUT or DELETE.</param>
    /// <param name="began">The timestamp of its beginning.</param>
    /// <param name="reason">The error's message.</param>
    internal void Failed(bool isWrite, long began, string reason)
    {
        Kind kind = isWrite ? _writes : _reads;
        StoreOutage? outage = null;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (kind.Failures++ == 0)
            {
                kind.FirstFailure = Math.Max(began, kind.LastSuccess);
            }

            kind.LastFailure = now;
            kind.FirstSuccess = null;
            bool isSettled = kind.Failures >= FailsAfterRequests || time.GetElapsedTime(kind.FirstFailure, now) >= FailsAfter;
            if (isSettled && !kind.IsFailing)
            {
                kind.IsFailing = true;
                if (_outage is null)
                {
                    _firstFailure = kind.FirstFailure;
                    _outage = outage = new StoreOutage(time.GetUtcNow() - time.GetElapsedTime(_firstFailure, now), reason);
                }
            }
        }

        if (outage is not null)
        {
            onFailing(outage);
        }
    }

    private void OnQuiet()
    {
        TimeSpan away;
        lock (_lock)
        {
            _quiet?.Dispose();
            _quiet = null;
            long now = time.GetTimestamp();
            long back = Math.Max(EndOf(_reads, now), EndOf(_writes, now));
            bool isWaiting = (_reads.IsFailing && _reads.FirstSuccess is not null) || (_writes.IsFailing && _writes.FirstSuccess is not null);
            if (isWaiting)
            {
                _quiet = time.CreateTimer(_ => OnQuiet(), null, ServesAfter, Timeout.InfiniteTimeSpan);
            }

            if (_outage is null || _reads.IsFailing || _writes.IsFailing)
            {
                return;
            }

            _outage = null;
            away = time.GetElapsedTime(_firstFailure, back);
        }

        onServing(away);
    }

    /// <summary>Ends a kind's failing when it is over; returns when that was.</summary>
    private long EndOf(Kind kind, long now)
    {
        if (kind is { IsFailing: true, FirstSuccess: not null } && time.GetElapsedTime(kind.LastFailure, now) >= ServesAfter)
        {
            kind.IsFailing = false;
            kind.End = kind.FirstSuccess.Value;
        }

        return kind.End;
    }

    private sealed class Kind
    {
        public bool IsFailing { get; set; }

        public int Failures { get; set; }

        public long FirstFailure { get; set; }

        public long LastFailure { get; set; }

        public long LastSuccess { get; set; }

        /// <summary>Since the last failure.</summary>
        public long? FirstSuccess { get; set; }

        public long End { get; set; }
    }
}
