namespace Broker.TestSupport.Simulation;

/// <summary>
/// A process in a <see cref="SimulatedWorld"/>: the synchronization context of its code, with a clock whose timers end with it. Killed, nothing of it runs
/// any more, at whatever await it stood. Paused, it goes on later, as after SIGSTOP or a long collection.
/// </summary>
public sealed class SimulatedProcess : SynchronizationContext
{
    private readonly SimulatedWorld _world;
    private long _pausedUntil;

    internal SimulatedProcess(SimulatedWorld world, string name)
    {
        (_world, Name) = (world, name);
        Clock = new SimulatedClock(world, this);
    }

    public string Name { get; }

    public SimulatedWorld World => _world;

    public TimeProvider Clock { get; }

    public bool IsDead { get; private set; }

    /// <summary>How long it will still be paused; null when it is not.</summary>
    public TimeSpan? PausedFor => _pausedUntil > _world.NowTicks ? new TimeSpan(_pausedUntil - _world.NowTicks) : null;

    /// <summary>Called once, when it is killed.</summary>
    public event Action? Died;

    /// <summary>Starts a process.</summary>
    public static SimulatedProcess Start(SimulatedWorld world, string name) => new(world, name);

    /// <summary>Ends it between two steps, or in the middle of one: then the rest of that step still runs, but nothing that it starts.</summary>
    public void Kill()
    {
        if (!IsDead)
        {
            IsDead = true;
            Died?.Invoke();
        }
    }

    /// <summary>Stops it for a while.</summary>
    public void Pause(TimeSpan time) => _pausedUntil = Math.Max(_pausedUntil, _world.NowTicks + time.Ticks);

    /// <summary>Calls it in the process, after a while.</summary>
    public void Call(TimeSpan delay, Action action) => new SimulatedTimer(_world, this, static state => ((Action)state!)(), action).Change(delay, Timeout.InfiniteTimeSpan);

    /// <summary>Starts work in the process and waits for its end; fails with <see cref="ProcessDiedException"/> if the process dies first.</summary>
    public async Task<T> CallAsync<T>(Func<Task<T>> work)
    {
        TaskCompletionSource<T> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnDied() => ended.TrySetException(new ProcessDiedException());
        if (IsDead)
        {
            throw new ProcessDiedException();
        }

        Died += OnDied;
        try
        {
            Post(_ => _ = ForwardAsync(work, ended), null);
            return await ended.Task;
        }
        finally
        {
            Died -= OnDied;
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!IsDead)
        {
            _world.AddReady(this, d, state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("simulated code must not block");

    public override SynchronizationContext CreateCopy() => this;

    internal void Run(SendOrPostCallback callback, object? state)
    {
        if (IsDead)
        {
            return;
        }

        if (PausedFor is { } pause)
        {
            Call(pause, () => callback(state));
            return;
        }

        SetSynchronizationContext(this);
        callback(state);
    }

    private static async Task ForwardAsync<T>(Func<Task<T>> work, TaskCompletionSource<T> ended)
    {
        try
        {
            ended.TrySetResult(await work());
        }
        catch (Exception failure)
        {
            ended.TrySetException(failure);
        }
    }
}

/// <summary>The process that was to do something is dead.</summary>
public sealed class ProcessDiedException() : Exception("the process died");
