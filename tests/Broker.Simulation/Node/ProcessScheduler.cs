using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Node;

/// <summary>
/// The actor system's scheduler on the clock of the simulated process that makes it: <c>akka.scheduler.implementation</c>. Intervals
/// count from the firing before, as the process's other timers do.
/// </summary>
public sealed class ProcessScheduler : IScheduler, IAdvancedScheduler
{
    private readonly TimeProvider _clock;

    public ProcessScheduler(Config config, ILoggingAdapter log) =>
        _clock = SynchronizationContext.Current is SimulatedProcess process ? process.Clock : throw new InvalidOperationException("an actor system outside a simulated process");

    public IAdvancedScheduler Advanced => this;

    public DateTimeOffset Now => _clock.GetUtcNow();

    public TimeSpan MonotonicClock => new(_clock.GetTimestamp());

    public TimeSpan HighResMonotonicClock => MonotonicClock;

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellOnce(delay, receiver, message, sender, null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(delay, Timeout.InfiniteTimeSpan, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) => Schedule(delay, Timeout.InfiniteTimeSpan, action, cancelable);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) => ScheduleRepeatedly(initialDelay, interval, action, null);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, action, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable)
    {
        if (cancelable?.IsCancellationRequested == true)
        {
            return;
        }

        ITimer timer = _clock.CreateTimer(static fire => ((Action)fire!)(), action, delay, interval);
        cancelable?.Token.Register(timer.Dispose);
    }
}
