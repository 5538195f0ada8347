namespace Broker.TestSupport.Simulation;

/// <summary>
/// Runs async code on one thread and decides by a seed which continuation comes next, so that every await is a place where others may get
/// in between, and the same seed gives the same run. The code under test must not leave the context (ConfigureAwait(false), threads).
/// </summary>
public sealed class SimulationContext : SynchronizationContext
{
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Random _random;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    private SimulationContext(int seed) => _random = new Random(seed);

    /// <summary>Steps that were taken: equal for equal seeds.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs until <paramref name="main"/> is done.</summary>
    /// <returns>The number of steps.</returns>
    public static long Run(int seed, Func<Random, Task> main)
    {
        SynchronizationContext? before = Current;
        SimulationContext context = new(seed);
        SetSynchronizationContext(context);
        try
        {
            Task task = main(context._random);
            while (!task.IsCompleted)
            {
                context.Step();
            }

            task.GetAwaiter().GetResult();
            return context.Steps;
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("the simulated code has left the simulation's thread");
        }

        _ready.Add((d, state));
    }

    private void Step()
    {
        if (_ready.Count == 0)
        {
            throw new InvalidOperationException("the simulation waits for something that nobody will do");
        }

        int chosen = _random.Next(_ready.Count);
        (SendOrPostCallback callback, object? state) = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Steps++;
        callback(state);
    }
}

/// <summary>
/// A clock that jumps: a timer fires at once, and the clock then shows the time it waited for. But not for a deadline, the timer of a
/// <see cref="CancellationTokenSource"/>: nobody waits for it, and it fires when the clock has come that far by others.
/// </summary>
public sealed class JumpingTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Deadline> _deadlines = [];
    private long _ticks = new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    /// <summary>Moves the clock.</summary>
    public void Advance(TimeSpan by)
    {
        long now = Interlocked.Add(ref _ticks, by.Ticks);
        Deadline[] due;
        lock (_lock)
        {
            due = [.. _deadlines.Where(deadline => deadline.AtTicks <= now)];
            _deadlines.RemoveAll(due.Contains);
        }

        foreach (Deadline deadline in due)
        {
            Fire(deadline.Callback, deadline.Source);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero && state is CancellationTokenSource source)
        {
            Deadline deadline = new(this, GetTimestamp() + dueTime.Ticks, callback, source);
            lock (_lock)
            {
                _deadlines.Add(deadline);
            }

            return deadline;
        }

        if (dueTime >= TimeSpan.Zero)
        {
            Advance(dueTime);
            Fire(callback, state);
        }

        return new FiredTimer();
    }

    private static void Fire(TimerCallback callback, object? state)
    {
        if (SynchronizationContext.Current is { } context)
        {
            context.Post(_ => callback(state), null);
        }
        else
        {
            callback(state);
        }
    }

    private sealed class Deadline(JumpingTime time, long atTicks, TimerCallback callback, CancellationTokenSource source) : ITimer
    {
        public long AtTicks => atTicks;

        public TimerCallback Callback => callback;

        public CancellationTokenSource Source => source;

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("deadlines are not moved in simulations yet");

        public void Dispose()
        {
            lock (time._lock)
            {
                time._deadlines.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class FiredTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
