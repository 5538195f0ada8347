namespace Broker.Actors.Connections;

/// <summary>When to tell an operator of what clients may do many times a second, as to come again when they are refused. Thread-safe.</summary>
internal sealed class LinePace(TimeProvider clock)
{
    /// <summary>How far apart two lines are at least. 10 s: whoever watches the log sees that it goes on, and an hour of it is 360 lines.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _toldAt;
    private int _untold;

    /// <summary>Counts one more; how many to tell of now, this one included, or 0 to say nothing yet.</summary>
    public int Add()
    {
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            _untold++;
            if (_toldAt is { } told && clock.GetElapsedTime(told, now) < Apart)
            {
                return 0;
            }

            (_toldAt, int telling) = (now, _untold);
            _untold = 0;
            return telling;
        }
    }
}
