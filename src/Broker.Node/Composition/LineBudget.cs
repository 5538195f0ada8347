namespace Broker.Node.Composition;

/// <summary>
/// How many lines of one source may come into the log: it does not know how often others make it speak. One caller at a time.
/// </summary>
internal sealed class LineBudget(TimeProvider clock)
{
    /// <summary>In <see cref="Span"/>. 200: more than a cluster's start or end says of many nodes; and with a stack trace each, some 30 KB a second.</summary>
    public const int MaxLines = 200;

    /// <summary>10 s, as for all lines that are told once for many.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    private long _since = clock.GetTimestamp();
    private int _lines;
    private long _leftOut;

    /// <summary>Whether there is room for one more.</summary>
    /// <param name="leftOut">How many had none before this one, and are to be told now; 0 mostly.</param>
    public bool TryTake(out long leftOut)
    {
        long now = clock.GetTimestamp();
        leftOut = 0;
        if (clock.GetElapsedTime(_since, now) >= Span)
        {
            (_since, _lines) = (now, 0);
            (leftOut, _leftOut) = (_leftOut, 0);
        }

        if (_lines >= MaxLines)
        {
            _leftOut++;
            return false;
        }

        _lines++;
        return true;
    }
}
