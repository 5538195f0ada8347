namespace Akka.Remote.Transport;

/// <summary>
/// How many of others' messages to actors that are not here may become dead letters, which have subscribers with mailboxes. Thread-safe.
/// </summary>
internal sealed class DeadLetterBudget(TimeProvider clock)
{
    /// <summary>In <see cref="Span"/>, of all peers together. 1,000: many answers that come too late; and no mailbox minds them.</summary>
    public const int Max = 1000;

    /// <summary>10 s, as long as one line is enough.</summary>
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _since = clock.GetTimestamp();
    private int _taken;

    /// <summary>False when the message is one too many.</summary>
    public bool TryTake()
    {
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            if (clock.GetElapsedTime(_since, now) >= Span)
            {
                _since = now;
                _taken = 0;
            }

            return _taken < Max && ++_taken > 0;
        }
    }
}
