using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// When to tell an operator that the write-ahead log refuses record batches, and that it takes them again. A log that is nearly full refuses and takes within one second, and clients come again
/// many times in it: told are the first refusal, another cause of it, and that it is over once nothing was refused for <see cref="OverAfter"/>. Not thread-safe.
/// </summary>
internal sealed class WalRefusals(ILogger log, TimeProvider clock)
{
    /// <summary>10 s: longer than a client waits before it tries again, so that a log which still refuses is not said to be well.</summary>
    public static readonly TimeSpan OverAfter = TimeSpan.FromSeconds(10);

    /// <summary>How far apart two lines of different causes are at least, as those of refused connections.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromSeconds(10);

    private (Type Error, StorageErrorKind? Kind)? _toldCause;
    private long _toldAt;
    private long _lastRefusal;
    private long _batches;

    /// <summary>So many batches were refused.</summary>
    public void Refused(Exception cause, int batches)
    {
        _batches += batches;
        _lastRefusal = clock.GetTimestamp();
        (Type, StorageErrorKind?) because = (cause.GetType(), (cause as StorageException)?.Kind);
        if (_toldCause is null || (_toldCause != because && clock.GetElapsedTime(_toldAt, _lastRefusal) >= Apart))
        {
            (_toldCause, _toldAt) = (because, _lastRefusal);
            if (cause is StorageException)
            {
                WalLog.Refused(log, cause.Message);
            }
            else
            {
                // With all that is known of it: it cannot be.
                WalLog.Broken(log, cause);
            }
        }
    }

    /// <summary>Some were taken.</summary>
    public void Accepted()
    {
        if (_toldCause is not null && clock.GetElapsedTime(_lastRefusal) >= OverAfter)
        {
            WalLog.Accepts(log, _batches);
            (_toldCause, _batches) = (null, 0);
        }
    }
}
