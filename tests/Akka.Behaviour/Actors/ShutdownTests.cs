using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>Coordinated shutdown and extensions.</summary>
public sealed class ShutdownTests
{
    [Fact]
    public async Task Phases_run_in_the_order_of_their_dependencies()
    {
        ActorSystem system = ActorSystem.Create("phases");
        List<string> ran = [];
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(system);
        Add(shutdown, ran, CoordinatedShutdown.PhaseBeforeActorSystemTerminate);
        Add(shutdown, ran, CoordinatedShutdown.PhaseServiceUnbind);
        Add(shutdown, ran, CoordinatedShutdown.PhaseBeforeServiceUnbind);
        Add(shutdown, ran, CoordinatedShutdown.PhaseServiceStop);
        await shutdown.Run(CoordinatedShutdown.ClrExitReason.Instance).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(
            [
                CoordinatedShutdown.PhaseBeforeServiceUnbind, CoordinatedShutdown.PhaseServiceUnbind,
                CoordinatedShutdown.PhaseServiceStop, CoordinatedShutdown.PhaseBeforeActorSystemTerminate,
            ],
            ran);
        Assert.True(system.WhenTerminated.IsCompleted);
        Assert.Same(CoordinatedShutdown.ClrExitReason.Instance, shutdown.ShutdownReason);
    }

    [Fact]
    public async Task Terminate_runs_the_phases_and_survives_a_failing_task()
    {
        ActorSystem system = ActorSystem.Create("failing", "akka.loglevel = ERROR");
        List<string> ran = [];
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceUnbind, "fails", () => throw new InvalidOperationException("no"));
        Add(shutdown, ran, CoordinatedShutdown.PhaseServiceStop);
        await system.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal([CoordinatedShutdown.PhaseServiceStop], ran);
    }

    [Fact]
    public async Task Extension_exists_once_per_system()
    {
        ActorSystem system = ActorSystem.Create("extended");
        Extension first = new ExtensionId().Get(system);
        Assert.Same(first, new ExtensionId().Get(system));
        Assert.True(system.HasExtension<Extension>());
        await system.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static void Add(CoordinatedShutdown shutdown, List<string> ran, string phase) => shutdown.AddTask(phase, "record", () =>
    {
        lock (ran)
        {
            ran.Add(phase);
        }

        return Task.FromResult(Done.Instance);
    });

    private sealed class Extension : IExtension
    {
    }

    private sealed class ExtensionId : ExtensionIdProvider<Extension>
    {
        public override Extension CreateExtension(ExtendedActorSystem system) => new();
    }
}
