using System.Collections.Concurrent;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

public sealed class CoordinatedShutdownExtension : ExtensionIdProvider<CoordinatedShutdown>
{
    public override CoordinatedShutdown CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>
/// Shuts a process down in phases (<c>akka.coordinated-shutdown.phases</c>). The tasks of a phase run side by side; the
/// next phase begins when they have ended or the phase's time is up.
/// </summary>
public sealed class CoordinatedShutdown : IExtension
{
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";
    public const string PhaseServiceUnbind = "service-unbind";
    public const string PhaseServiceRequestsDone = "service-requests-done";
    public const string PhaseServiceStop = "service-stop";
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";
    public const string PhaseClusterLeave = "cluster-leave";
    public const string PhaseClusterExiting = "cluster-exiting";
    public const string PhaseClusterExitingDone = "cluster-exiting-done";
    public const string PhaseClusterShutdown = "cluster-shutdown";
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private readonly Dictionary<string, ShutdownPhase> _phases;
    private readonly List<string> _order;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<(string Name, Func<Task<Done>> Run)>> _tasks = new();
    private readonly TaskCompletionSource<Done> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILoggingAdapter _log;
    private Reason? _reason;

    internal CoordinatedShutdown(ExtendedActorSystem system)
    {
        System = system;
        _log = Logging.GetLogger(system, this);
        Config config = system.Settings.Config.GetConfig("akka.coordinated-shutdown");
        _phases = ShutdownPhase.FromConfig(config);
        _order = ShutdownPhase.TopologicalSort(_phases);
        if (system.Settings.CoordinatedShutdownTerminateActorSystem)
        {
            AddTask(PhaseActorSystemTerminate, "terminate-system", async () =>
            {
                ((ActorSystemImpl)system).FinalTerminate();
                await system.WhenTerminated.ConfigureAwait(false);
                return Done.Instance;
            });
        }
    }

    public ExtendedActorSystem System { get; }

    /// <summary>Why the shutdown runs; null while it does not.</summary>
    public Reason? ShutdownReason => Volatile.Read(ref _reason);

    /// <summary>The time of all phases that have tasks.</summary>
    public TimeSpan TotalTimeout => _order.Where(_tasks.ContainsKey)
        .Aggregate(TimeSpan.Zero, (total, phase) => total + Timeout(phase));

    public static CoordinatedShutdown Get(ActorSystem sys) => new CoordinatedShutdownExtension().Apply(sys);

    /// <summary>Adds work to a phase; must be called before the phase begins.</summary>
    /// <exception cref="ArgumentException">The phase is not configured, or there is no name.</exception>
    public void AddTask(string phase, string taskName, Func<Task<Done>> task)
    {
        if (!_phases.ContainsKey(phase))
        {
            throw new ConfigurationException(
                $"Unknown phase [{phase}], known phases [{string.Join(", ", _phases.Keys)}]. All phases (along with their optional dependencies) must be defined in configuration.");
        }

        ArgumentException.ThrowIfNullOrEmpty(taskName);
        _tasks.GetOrAdd(phase, _ => new()).Enqueue((taskName, task));
    }

    /// <summary>How long the phase's tasks may take.</summary>
    public TimeSpan Timeout(string phase) => _phases.TryGetValue(phase, out ShutdownPhase? found)
        ? found.Timeout
        : throw new ArgumentException($"Unknown phase [{phase}].", nameof(phase));

    /// <summary>Runs all phases from <paramref name="fromPhase"/> on; a second call returns the first one's task.</summary>
    public Task<Done> Run(Reason reason, string? fromPhase = null)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            _log.Debug("Running CoordinatedShutdown with reason [{0}]", reason);
            ThreadPool.UnsafeQueueUserWorkItem(run => _ = run.RunPhases(fromPhase), this, preferLocal: false);
        }

        return _completed.Task;
    }

    private async Task RunPhases(string? fromPhase)
    {
        try
        {
            foreach (string phase in _order.SkipWhile(phase => fromPhase is not null && phase != fromPhase))
            {
                if (_phases[phase].Enabled && _tasks.TryGetValue(phase, out var tasks))
                {
                    await RunPhase(phase, tasks).ConfigureAwait(false);
                }
            }

            _completed.TrySetResult(Done.Instance);
        }
        catch (Exception failure)
        {
            _completed.TrySetException(failure);
        }
    }

    private async Task RunPhase(string phase, IEnumerable<(string Name, Func<Task<Done>> Run)> tasks)
    {
        _log.Debug("Performing phase [{0}]", phase);
        bool recover = _phases[phase].Recover;
        Task all = Task.WhenAll(tasks.Select(task => RunTask(phase, task.Name, task.Run, recover)));
        TimeSpan timeout = Timeout(phase);
        try
        {
            // The system's own scheduler ends with the last phase, so this wait must not rest on it.
            await all.WaitAsync(timeout).ConfigureAwait(false);
        }
        catch (TimeoutException expired)
        {
            _log.Warning("Coordinated shutdown phase [{0}] timed out after {1}", phase, timeout);
            if (!recover)
            {
                throw new TimeoutException($"Coordinated shutdown phase [{phase}] timed out after {timeout}", expired);
            }
        }
    }

    private async Task RunTask(string phase, string name, Func<Task<Done>> run, bool recover)
    {
        try
        {
            _log.Debug("Performing task [{0}] in CoordinatedShutdown phase [{1}]", name, phase);
            await run().ConfigureAwait(false);
        }
        catch (Exception failure) when (recover)
        {
            _log.Warning("Task [{0}] failed in phase [{1}]: {2}", name, phase, failure.Message);
        }
    }

    /// <summary>Why a process shuts down.</summary>
    public class Reason
    {
        protected Reason()
        {
        }

        public override string ToString() => GetType().Name;
    }

    public class UnknownReason : Reason
    {
        public static readonly Reason Instance = new UnknownReason();

        private UnknownReason()
        {
        }
    }

    public class ActorSystemTerminateReason : Reason
    {
        public static readonly Reason Instance = new ActorSystemTerminateReason();

        private ActorSystemTerminateReason()
        {
        }
    }

    public class ClrExitReason : Reason
    {
        public static readonly Reason Instance = new ClrExitReason();

        private ClrExitReason()
        {
        }
    }

    public class ClusterJoinUnsuccessfulReason : Reason
    {
        public static readonly Reason Instance = new ClusterJoinUnsuccessfulReason();

        private ClusterJoinUnsuccessfulReason()
        {
        }
    }

    public class ClusterDowningReason : Reason
    {
        public static readonly Reason Instance = new ClusterDowningReason();

        private ClusterDowningReason()
        {
        }
    }

    public class ClusterLeavingReason : Reason
    {
        public static readonly Reason Instance = new ClusterLeavingReason();

        private ClusterLeavingReason()
        {
        }
    }
}
