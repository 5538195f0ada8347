using System.Diagnostics;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>
/// One thread and a heap of deadlines. Cancelling removes an entry at once, so that time-outs that are almost always
/// cancelled (asks, receive time-outs) don't pile up.
/// </summary>
internal sealed class DeadlineScheduler : IScheduler, IAdvancedScheduler, IDisposable
{
    private readonly object _lock = new();
    private readonly DeadlineHeap _heap = new();
    private readonly ILoggingAdapter _log;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _sequence;
    private bool _stopped;

    public DeadlineScheduler(Config config, ILoggingAdapter log)
    {
        ArgumentNullException.ThrowIfNull(config);
        _log = log;
        new Thread(Run) { IsBackground = true, Name = "akka.scheduler" }.Start();
    }

    public IAdvancedScheduler Advanced => this;

    public DateTimeOffset Now => DateTimeOffset.UtcNow;

    public TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(_start);

    public TimeSpan HighResMonotonicClock => MonotonicClock;

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellOnce(delay, receiver, message, sender, null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Add(new DeadlineEntry(receiver, message, sender, null), delay, null, cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Add(new DeadlineEntry(receiver, message, sender, null), initialDelay, interval, cancelable);

    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) =>
        Add(new DeadlineEntry(null, null, null, action), delay, null, cancelable);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) =>
        ScheduleRepeatedly(initialDelay, interval, action, null);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Add(new DeadlineEntry(null, null, null, action), initialDelay, interval, cancelable);

    /// <summary>Has something done when the time is over, or something else when this scheduler is stopped before.</summary>
    public ICancelable ScheduleTimeout(TimeSpan delay, Action action, Action atEnd)
    {
        Cancelable cancelable = new((IActionScheduler)this);
        Add(new DeadlineEntry(null, null, null, action) { AtEnd = atEnd }, delay, null, cancelable);
        return cancelable;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.Pulse(_lock);
        }
    }

    private void Add(DeadlineEntry entry, TimeSpan delay, TimeSpan? interval, ICancelable? cancelable)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        if (interval is { } every)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(every, TimeSpan.Zero, nameof(interval));
            entry.Interval = every;
        }

        if (cancelable is not null)
        {
            if (cancelable.IsCancellationRequested)
            {
                return;
            }

            entry.Cancelable = cancelable;
        }

        lock (_lock)
        {
            if (_stopped)
            {
                throw new SchedulerException("The scheduler has been shut down, nothing can be scheduled any more.");
            }

            entry.Deadline = MonotonicClock + delay;
            entry.Sequence = _sequence++;
            _heap.Add(entry);
            if (_heap.First == entry)
            {
                Monitor.Pulse(_lock);
            }
        }

        if (cancelable is not null)
        {
            entry.Registration = cancelable.Token.UnsafeRegister(static (state, _) =>
            {
                (DeadlineScheduler scheduler, DeadlineEntry cancelled) = ((DeadlineScheduler, DeadlineEntry))state!;
                scheduler.Remove(cancelled);
            }, (this, entry));
        }
    }

    private void Remove(DeadlineEntry entry)
    {
        lock (_lock)
        {
            _heap.Remove(entry);
        }
    }

    private void Run()
    {
        while (TakeDue() is { } entry)
        {
            if (entry.Cancelable?.IsCancellationRequested == true)
            {
                continue;
            }

            if (entry.Interval is null)
            {
                entry.Registration.Unregister();
            }

            Do(entry.Fire);
        }

        while (TakeAny() is { } dropped)
        {
            Do(dropped.AtEnd);
        }
    }

    private void Do(Action? action)
    {
        try
        {
            action?.Invoke();
        }
        catch (Exception failure)
        {
            _log.Error(failure, "A scheduled action failed: {0}", failure.Message);
        }
    }

    private DeadlineEntry? TakeAny()
    {
        lock (_lock)
        {
            if (_heap.First is { } first)
            {
                _heap.Remove(first);
                return first;
            }

            return null;
        }
    }

    /// <summary>Waits for the next entry; null once the scheduler was stopped. A repeating one is queued again.</summary>
    private DeadlineEntry? TakeDue()
    {
        lock (_lock)
        {
            while (!_stopped)
            {
                DeadlineEntry? first = _heap.First;
                if (first is null)
                {
                    Monitor.Wait(_lock);
                    continue;
                }

                TimeSpan now = MonotonicClock;
                if (first.Deadline > now)
                {
                    // Rounded up: waking early would only mean another wait. Bounded by what Wait takes.
                    double waitMs = Math.Min(Math.Ceiling((first.Deadline - now).TotalMilliseconds), int.MaxValue);
                    Monitor.Wait(_lock, (int)waitMs);
                    continue;
                }

                _heap.Remove(first);
                if (first.Interval is { } interval && first.Cancelable?.IsCancellationRequested != true)
                {
                    // A late period is not made up for by a burst.
                    TimeSpan next = first.Deadline + interval;
                    first.Deadline = next > now ? next : now + interval;
                    first.Sequence = _sequence++;
                    _heap.Add(first);
                }

                return first;
            }

            return null;
        }
    }
}
