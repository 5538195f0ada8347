namespace Akka.Event;

/// <summary>So many of something that others can cause as often as they like, in 10 s from the first one on: as long as one line about it is enough. Thread-safe.</summary>
internal sealed class SpanBudget(int most, TimeProvider clock)
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _since;
    private int _taken;

    /// <summary>How many in a span.</summary>
    public int Most => most;

    /// <summary>False when this is one too many.</summary>
    public bool TryTake()
    {
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            if (_taken == 0 || clock.GetElapsedTime(_since, now) >= Span)
            {
                (_since, _taken) = (now, 0);
            }

            return _taken < most && ++_taken > 0;
        }
    }
}
