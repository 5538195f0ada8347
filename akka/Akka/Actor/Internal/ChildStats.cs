using System.Diagnostics;

namespace Akka.Actor;

/// <summary>A child and how often it was restarted.</summary>
internal sealed class ChildStats(IInternalActorRef child)
{
    private int _restarts;
    private long _windowStart;

    public IInternalActorRef Child { get; } = child;

    /// <summary>Counts a restart; false when the limit within the window is exceeded.</summary>
    /// <param name="maxRetries">Restarts allowed; negative for no limit.</param>
    /// <param name="withinMs">Length of the window; not positive for no window.</param>
    public bool RequestRestartPermission(int maxRetries, int withinMs)
    {
        if (maxRetries == 0)
        {
            return false;
        }

        if (withinMs <= 0)
        {
            _restarts++;
            return maxRetries < 0 || _restarts <= maxRetries;
        }

        // A window without a count allows one restart.
        int limit = maxRetries < 0 ? 1 : maxRetries;
        long now = Stopwatch.GetTimestamp();
        if (_restarts == 0 || Stopwatch.GetElapsedTime(_windowStart, now).TotalMilliseconds > withinMs)
        {
            _windowStart = now;
            _restarts = 1;
            return true;
        }

        _restarts++;
        return _restarts <= limit;
    }
}
