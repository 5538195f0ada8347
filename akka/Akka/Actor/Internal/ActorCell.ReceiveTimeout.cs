namespace Akka.Actor;

internal sealed partial class ActorCell
{
    private TimeSpan? _receiveTimeout;
    private ICancelable? _pendingReceiveTimeout;

    /// <summary>True when this turn set a span that is not scheduled yet.</summary>
    private bool _receiveTimeoutIsNew;

    public TimeSpan? ReceiveTimeout => _receiveTimeout;

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        if (timeout is { } span && span <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "A receive time-out must be positive; null ends it.");
        }

        _receiveTimeout = timeout;
        CancelReceiveTimeout();
        _receiveTimeoutIsNew = timeout is not null;
    }

    private void ScheduleReceiveTimeout()
    {
        _receiveTimeoutIsNew = false;
        CancelReceiveTimeout();
        if (_receiveTimeout is { } span && !Children.IsTerminating)
        {
            _pendingReceiveTimeout = SystemImpl.Scheduler.ScheduleTellOnceCancelable(
                span, SelfRef, Akka.Actor.ReceiveTimeout.Instance, SelfRef);
        }
    }

    private void CancelReceiveTimeout()
    {
        _pendingReceiveTimeout?.Cancel();
        _pendingReceiveTimeout = null;
    }
}
