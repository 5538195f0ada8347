using Akka.Event;

namespace Akka.Actor;

/// <summary>The timers of one incarnation of an actor.</summary>
internal sealed class TimerScheduler(ActorCell cell) : ITimerScheduler
{
    private readonly Dictionary<object, Timer> _timers = [];

    public IReadOnlyCollection<object> ActiveTimers => [.. _timers.Keys];

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval) =>
        Start(key, msg, interval, interval, ActorRefs.NoSender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender) =>
        Start(key, msg, interval, interval, sender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval) =>
        Start(key, msg, initialDelay, interval, ActorRefs.NoSender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender) =>
        Start(key, msg, initialDelay, interval, sender);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout) =>
        Start(key, msg, timeout, null, ActorRefs.NoSender);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender) =>
        Start(key, msg, timeout, null, sender);

    public bool IsTimerActive(object key) => _timers.ContainsKey(key);

    public void Cancel(object key)
    {
        if (_timers.Remove(key, out Timer? timer))
        {
            timer.Task.Cancel();
        }
    }

    public void CancelAll()
    {
        foreach (Timer timer in _timers.Values)
        {
            timer.Task.Cancel();
        }

        _timers.Clear();
    }

    /// <summary>The user's message, or null when the timer has been cancelled or replaced since.</summary>
    public object? TryTake(TimerMessage message)
    {
        if (!_timers.TryGetValue(message.Key, out Timer? timer) || !ReferenceEquals(timer.Message, message))
        {
            return null;
        }

        if (!timer.Repeats)
        {
            _timers.Remove(message.Key);
        }

        return message.Message;
    }

    private void Start(object key, object msg, TimeSpan delay, TimeSpan? interval, IActorRef sender)
    {
        Cancel(key);
        TimerMessage message = msg is INotInfluenceReceiveTimeout
            ? new QuietTimerMessage(key, msg, sender)
            : new TimerMessage(key, msg, sender);
        IScheduler scheduler = cell.SystemImpl.Scheduler;
        ICancelable task = interval is { } repeat
            ? scheduler.ScheduleTellRepeatedlyCancelable(delay, repeat, cell.SelfRef, message, sender)
            : scheduler.ScheduleTellOnceCancelable(delay, cell.SelfRef, message, sender);
        _timers[key] = new Timer(message, task, interval is not null);
    }

    private sealed record Timer(TimerMessage Message, ICancelable Task, bool Repeats);
}

/// <summary>A timer's message on its way through the mailbox; its identity tells whether the timer still runs.</summary>
internal class TimerMessage(object key, object message, IActorRef sender)
    : IAutoReceivedMessage, INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public object Key { get; } = key;

    public object Message { get; } = message;

    public IActorRef Sender { get; } = sender;
}

internal sealed class QuietTimerMessage(object key, object message, IActorRef sender)
    : TimerMessage(key, message, sender), INotInfluenceReceiveTimeout
{
}
