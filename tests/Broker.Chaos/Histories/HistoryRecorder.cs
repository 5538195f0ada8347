using System.Diagnostics;

namespace Broker.Chaos.Histories;

/// <summary>Takes down what clients do. Thread-safe. Its memory is bounded: producers ask <see cref="HasRoom"/> before they send.</summary>
public sealed class HistoryRecorder
{
    /// <summary>About 100 bytes each: 100 MB.</summary>
    public const int MaxSends = 1_000_000;

    /// <summary>24 bytes each, and what a list has in reserve: 200 MB. Each record is read by a few consumers, and one that cannot be taken down ends the run.</summary>
    public const int MaxSeen = 6_000_000;

    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly List<Send> _sends = [];
    private readonly List<Poll> _polls = [];
    private readonly List<Commit> _commits = [];
    private readonly List<string> _violations = [];
    private int _open;
    private int _seen;

    /// <summary>Since the run's beginning.</summary>
    public TimeSpan Now => Stopwatch.GetElapsedTime(_begin);

    /// <summary>A moment of the machine's monotonic clock, in seconds, as time since the run's beginning.</summary>
    public TimeSpan At(double monotonicSeconds) => TimeSpan.FromSeconds(monotonicSeconds - ((double)_begin / Stopwatch.Frequency));

    /// <summary>What clients were told that no broker may say.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>Whether so many more records may be sent; if so, they must be reported by <see cref="Completed"/>.</summary>
    public bool HasRoom(int records)
    {
        lock (_gate)
        {
            if (_sends.Count + _open + records > MaxSends)
            {
                return false;
            }

            _open += records;
            return true;
        }
    }

    /// <summary>What became of a record.</summary>
    public void Completed(Send send)
    {
        lock (_gate)
        {
            _open--;
            _sends.Add(send);
        }
    }

    /// <exception cref="InvalidOperationException">There is no room for more.</exception>
    public void Polled(Poll poll)
    {
        lock (_gate)
        {
            if ((_seen += poll.Records.Count) > MaxSeen)
            {
                throw new InvalidOperationException($"more than {MaxSeen} records were read: the run is too long for its rate");
            }

            _polls.Add(poll);
        }
    }

    public void Committed(Commit commit)
    {
        lock (_gate)
        {
            _commits.Add(commit);
        }
    }

    public void Violated(string what)
    {
        lock (_gate)
        {
            if (_violations.Count < HistoryChecker.MaxOfOneKind)
            {
                _violations.Add($"{Now:mm\\:ss\\.fff} {what}");
            }
        }
    }

    /// <summary>All of it, with the final read.</summary>
    public History Finish(IReadOnlyDictionary<int, IReadOnlyList<Seen>> final)
    {
        lock (_gate)
        {
            return new History([.. _sends], [.. _polls], final, [.. _commits]);
        }
    }
}
