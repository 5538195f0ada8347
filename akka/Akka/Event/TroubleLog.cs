namespace Akka.Event;

/// <summary>
/// Logs troubles that others cause, as often as they like: for each kind and origin one line in 10 s, for a bounded number of origins; of all others
/// one line for each kind. The next line tells how many were left out. At DEBUG there is a line for each. Thread-safe.
/// </summary>
/// <param name="log">Where lines go.</param>
/// <param name="clock">What says how long ago the last one was.</param>
internal sealed class TroubleLog(ILoggingAdapter log, TimeProvider clock)
{
    /// <summary>Origins that have lines of their own, of all kinds together. 32: more than nodes of a cluster are in trouble at once; and 32 lines in 10 s are still read.</summary>
    public const int MaxOrigins = 32;

    /// <summary>What of a text of others' is shown: enough of any path or manifest of ours. One message may hold megabytes.</summary>
    private const int MaxChars = 200;

    /// <summary>How far apart two lines are at least. 10 s: whoever watches the log sees that it goes on, and an hour of it is 360 lines.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, string Origin), Told> _origins = [];

    /// <summary>By kind; of origins that have no line of their own, or had one that was long ago.</summary>
    private readonly Dictionary<string, Told> _others = [];

    /// <summary>A text of somebody else's as a part of one line.</summary>
    public static string Shown(string text)
    {
        string start = text.Length > MaxChars ? text[..MaxChars] + "..." : text;
        return start.Any(char.IsControl) ? string.Concat(start.Select(c => char.IsControl(c) ? '?' : c)) : start;
    }

    /// <summary>Logs the trouble, or only counts it.</summary>
    /// <param name="level">Of the line.</param>
    /// <param name="kind">One of a few that the code names.</param>
    /// <param name="origin">Who causes it.</param>
    /// <param name="cause">Shown with its stack: for faults of the own code. Null for those of others.</param>
    /// <param name="format">What is the trouble, from where, and what to do.</param>
    /// <param name="args">Texts among them are shown as by <see cref="Shown"/>.</param>
    public void Tell(LogLevel level, string kind, string origin, Exception? cause, string format, params object?[] args)
    {
        if (Count(kind, Shown(origin)) is { } untold)
        {
            log.Log(level, cause, Format(format, args) + untold);
        }
        else if (log.IsDebugEnabled)
        {
            log.Log(LogLevel.DebugLevel, null, Format(format, args));
        }
    }

    private string Format(string format, object?[] args) =>
        log.Formatter.Format(format, [.. args.Select(each => each is int or long ? each : Shown(each?.ToString() ?? ""))]);

    /// <summary>What to add to the line of now; null for no line.</summary>
    private string? Count(string kind, string origin)
    {
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            if (!_others.TryGetValue(kind, out Told? others))
            {
                _others.Add(kind, others = new Told());
            }

            if (!_origins.TryGetValue((kind, origin), out Told? told))
            {
                if (_origins.Count >= MaxOrigins)
                {
                    ForgetPast(now);
                }

                told = _origins.Count >= MaxOrigins ? others : _origins[(kind, origin)] = new Told();
            }

            if (told.At is { } at && clock.GetElapsedTime(at, now) < Apart)
            {
                told.Untold++;
                return null;
            }

            told.At = now;
            long fromThere = told == others ? 0 : told.Take();
            return Left(fromThere, others.Take());
        }
    }

    private static string Left(long fromThere, long fromOthers) => (fromThere, fromOthers) switch
    {
        (0, 0) => "",
        (_, 0) => $" ({fromThere} more like this were not logged since the last line)",
        (0, _) => $" ({fromOthers} more like this, from others, were not logged)",
        _ => $" ({fromThere} more like this were not logged since the last line, and {fromOthers} from others)",
    };

    private void ForgetPast(long now)
    {
        foreach (((string kind, string origin), Told told) in _origins)
        {
            if (clock.GetElapsedTime(told.At!.Value, now) >= Apart)
            {
                _others[kind].Untold += told.Untold;
                _origins.Remove((kind, origin));
            }
        }
    }

    /// <summary>When a line was, and what came after it.</summary>
    private sealed class Told
    {
        public long? At { get; set; }

        public long Untold { get; set; }

        public long Take()
        {
            long taken = Untold;
            Untold = 0;
            return taken;
        }
    }
}
