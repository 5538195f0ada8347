using Akka.Actor;

namespace Akka.Streams.Stage;

/// <summary>A logic with timers; they end with the stage.</summary>
public abstract class TimerGraphStageLogic : GraphStageLogic
{
    private readonly Dictionary<object, Timer> _timers = [];

    protected TimerGraphStageLogic(Shape shape)
        : base(shape)
    {
    }

    /// <summary>A timer has fired.</summary>
    public abstract void OnTimer(object timerKey);

    /// <summary>Starts a timer; one with the same key is cancelled first.</summary>
    public void ScheduleOnce(object timerKey, TimeSpan delay) => Start(timerKey, delay, null);

    public void ScheduleRepeatedly(object timerKey, TimeSpan initialDelay, TimeSpan interval) => Start(timerKey, initialDelay, interval);

    public void ScheduleRepeatedly(object timerKey, TimeSpan interval) => Start(timerKey, interval, interval);

    /// <summary>Cancels a timer; it will not fire, even if its time has passed already.</summary>
    public void CancelTimer(object timerKey)
    {
        if (_timers.Remove(timerKey, out Timer? timer))
        {
            timer.Task?.Cancel();
        }
    }

    public bool IsTimerActive(object timerKey) => _timers.ContainsKey(timerKey);

    internal void CancelAllTimers()
    {
        foreach (Timer timer in _timers.Values)
        {
            timer.Task?.Cancel();
        }

        _timers.Clear();
    }

    private void Start(object key, TimeSpan delay, TimeSpan? interval)
    {
        CancelTimer(key);
        Timer timer = new();
        _timers[key] = timer;
        Action fire = GetAsyncCallback(() =>
        {
            if (_timers.TryGetValue(key, out Timer? current) && ReferenceEquals(current, timer))
            {
                if (interval is null)
                {
                    _timers.Remove(key);
                }

                OnTimer(key);
            }
        });
        timer.Task = interval is { } every
            ? Materializer.ScheduleRepeatedly(delay, every, fire)
            : Materializer.ScheduleOnce(delay, fire);
    }

    private sealed class Timer
    {
        public ICancelable? Task;
    }
}
