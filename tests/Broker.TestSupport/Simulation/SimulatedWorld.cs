using System.Runtime.ExceptionServices;

namespace Broker.TestSupport.Simulation;

/// <summary>
/// Everything that happens in one simulated run, on the calling thread: pieces of code that are ready to run, of which the seed chooses the next, and
/// timers of a clock that moves on only when nothing is ready. Processes (<see cref="SimulatedProcess"/>) live in it and die in it.
/// <para>The code under test must not leave its context (threads, <c>ConfigureAwait(false)</c>, the thread pool): a continuation that arrives on
/// another thread fails the run.</para>
/// </summary>
public sealed class SimulatedWorld
{
    private static readonly long Epoch = new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    private readonly List<(SimulatedProcess Process, SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly PriorityQueue<SimulatedTimer, (long Due, long Sequence)> _timers = new();
    private readonly PriorityQueue<Action, long> _bySteps = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly long _maxSteps;
    private volatile string? _escaped;
    private ExceptionDispatchInfo? _failure;
    private long _sequence;

    /// <param name="seed">Decides everything.</param>
    /// <param name="maxSteps">A run that takes more goes round in circles.</param>
    public SimulatedWorld(int seed, long maxSteps = 5_000_000)
    {
        (Random, _maxSteps) = (new Random(seed), maxSteps);
        Outside = new SimulatedProcess(this, "outside");
    }

    /// <summary>The one source of chance.</summary>
    public Random Random { get; }

    public SimulationTrace Trace { get; } = new();

    /// <summary>Steps that were taken.</summary>
    public long Steps { get; private set; }

    /// <summary>The time, in <see cref="TimeSpan"/>'s ticks.</summary>
    public long NowTicks { get; private set; } = Epoch;

    /// <summary>Since the run began.</summary>
    public TimeSpan Elapsed => new(NowTicks - Epoch);

    /// <summary>What is not a process under test and never dies: clients, networks, stores, the test itself.</summary>
    public SimulatedProcess Outside { get; }

    /// <summary>Runs until <paramref name="main"/>, begun outside, is done.</summary>
    public void Run(Func<Task> main)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        try
        {
            SynchronizationContext.SetSynchronizationContext(Outside);
            Task task = main();
            while (!task.IsCompleted)
            {
                Step();
            }

            _failure?.Throw();
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>
    /// Calls it when so many more steps were taken: in the middle of whatever goes on then. The clock's timers come only when nothing else is to be done.
    /// </summary>
    public void AfterSteps(int steps, Action action) => _bySteps.Enqueue(action, Steps + steps);

    /// <summary>Starts work outside that nobody waits for; a failure of it ends the run.</summary>
    public Task Spawn(Func<Task> work) => ReportAsync(work);

    /// <summary>Writes an event into the trace.</summary>
    public void Note(string who, string what, string subject = "", long a = 0, long b = 0) => Trace.Add(Elapsed, who, what, subject, a, b);

    /// <summary>Waits outside.</summary>
    public Task DelayAsync(TimeSpan delay) => Task.Delay(delay, Outside.Clock);

    /// <summary>A time between two, in milliseconds.</summary>
    public TimeSpan Between(int minMs, int maxMs) => TimeSpan.FromMilliseconds(minMs + (Random.NextDouble() * (maxMs - minMs)));

    /// <summary>True so many times in a thousand.</summary>
    public bool Chance(int perThousand) => Random.Next(1000) < perThousand;

    internal void AddReady(SimulatedProcess process, SendOrPostCallback callback, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            _escaped = Environment.StackTrace;
            return;
        }

        _ready.Add((process, callback, state));
    }

    internal void AddTimer(SimulatedTimer timer) => _timers.Enqueue(timer, (timer.DueTicks, _sequence++));

    private async Task ReportAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception failure)
        {
            _failure ??= ExceptionDispatchInfo.Capture(failure);
        }
    }

    private void Step()
    {
        _failure?.Throw();
        if (_escaped is { } trace)
        {
            throw new InvalidOperationException($"the simulated code has left the simulation's thread: {trace}");
        }

        if (++Steps > _maxSteps)
        {
            throw new InvalidOperationException($"the simulation does not come to an end in {_maxSteps} steps");
        }

        while (_bySteps.TryPeek(out Action? action, out long at) && at <= Steps)
        {
            _bySteps.Dequeue();
            action();
        }

        if (_ready.Count == 0)
        {
            FireNextTimer();
            return;
        }

        int chosen = Random.Next(_ready.Count);
        (SimulatedProcess process, SendOrPostCallback callback, object? state) = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        process.Run(callback, state);
    }

    private void FireNextTimer()
    {
        while (_timers.TryDequeue(out SimulatedTimer? timer, out (long Due, long Sequence) key))
        {
            if (timer.IsDueAt(key.Due))
            {
                NowTicks = Math.Max(NowTicks, key.Due);
                timer.Fire();
                return;
            }
        }

        throw new InvalidOperationException("the simulation waits for something that nobody will do");
    }
}
