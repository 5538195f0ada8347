namespace Broker.TestSupport.Simulation;

/// <summary>The world's time, as one process sees it.</summary>
internal sealed class SimulatedClock(SimulatedWorld world, SimulatedProcess process) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => world.NowTicks;

    public override DateTimeOffset GetUtcNow() => new(world.NowTicks, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimulatedTimer timer = new(world, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer of one process.</summary>
internal sealed class SimulatedTimer(SimulatedWorld world, SimulatedProcess process, TimerCallback callback, object? state) : ITimer
{
    private const long Never = -1;

    private TimeSpan _period;

    internal long DueTicks { get; private set; } = Never;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        Set(dueTime);
        return true;
    }

    public void Dispose() => DueTicks = Never;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether the entry of that time is still the timer's: it may have been set anew, or called off, since.</summary>
    internal bool IsDueAt(long ticks) => DueTicks == ticks && !process.IsDead;

    internal void Fire()
    {
        DueTicks = Never;
        if (process.PausedFor is { } pause)
        {
            // One that repeats is not made up for: it goes on from there.
            Set(pause);
            return;
        }

        if (_period > TimeSpan.Zero)
        {
            Change(_period, _period);
        }

        process.Run(static timer => ((SimulatedTimer)timer!).Invoke(), this);
    }

    private void Set(TimeSpan dueTime)
    {
        DueTicks = Never;
        if (dueTime >= TimeSpan.Zero && !process.IsDead)
        {
            DueTicks = world.NowTicks + dueTime.Ticks;
            world.AddTimer(this);
        }
    }

    private void Invoke() => callback(state);
}
