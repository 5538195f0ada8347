using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>
/// A scheduler whose time only moves when told: set <c>akka.scheduler.implementation</c> to
/// <c>"Akka.TestKit.TestScheduler, Akka.TestKit"</c>.
/// </summary>
public class TestScheduler : IScheduler, IAdvancedScheduler
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Entry, (DateTimeOffset Due, long Sequence)> _entries = new();
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private long _sequence;

    public TestScheduler(Config schedulerConfig, ILoggingAdapter log)
    {
        ArgumentNullException.ThrowIfNull(schedulerConfig);
        ArgumentNullException.ThrowIfNull(log);
    }

    public IAdvancedScheduler Advanced => this;

    public DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }
    }

    public TimeSpan MonotonicClock => Now - DateTimeOffset.UnixEpoch;

    public TimeSpan HighResMonotonicClock => MonotonicClock;

    /// <summary>Moves time on and does, in order, what falls due.</summary>
    public void Advance(TimeSpan offset) => AdvanceTo(Now + offset);

    public void AdvanceTo(DateTimeOffset when)
    {
        if (when < Now)
        {
            throw new InvalidOperationException($"Time cannot go back: it is {Now}, asked for {when}.");
        }

        while (TakeDue(when) is { } due)
        {
            if (due.Cancelable?.IsCancellationRequested != true)
            {
                due.Fire();
            }
        }
    }

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellOnce(delay, receiver, message, sender, null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Add(delay, null, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Add(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) => Add(delay, null, action, cancelable);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) =>
        ScheduleRepeatedly(initialDelay, interval, action, null);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Add(initialDelay, interval, action, cancelable);

    private void Add(TimeSpan delay, TimeSpan? interval, Action fire, ICancelable? cancelable)
    {
        lock (_lock)
        {
            Enqueue(new Entry(_now + delay, interval, fire, cancelable));
        }
    }

    private void Enqueue(Entry entry) => _entries.Enqueue(entry, (entry.Due, _sequence++));

    private Entry? TakeDue(DateTimeOffset until)
    {
        lock (_lock)
        {
            if (!_entries.TryPeek(out Entry? first, out _) || first.Due > until)
            {
                _now = until;
                return null;
            }

            _entries.Dequeue();
            _now = first.Due > _now ? first.Due : _now;
            if (first.Interval is { } interval && first.Cancelable?.IsCancellationRequested != true)
            {
                Enqueue(first with { Due = first.Due + interval });
            }

            return first;
        }
    }

    private sealed record Entry(DateTimeOffset Due, TimeSpan? Interval, Action Fire, ICancelable? Cancelable);
}
