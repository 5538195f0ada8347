using Akka.Actor;

namespace Broker.Simulation;

/// <summary>The simulation needs actors that stay on their thread, as those of the bundled Akka can.</summary>
internal static class BundledAkka
{
    /// <summary>Skips the test on Akka.NET's packages, whose tasks come back on the thread pool. (There this type is public.)</summary>
    public static void Require() => Skip.If(
        typeof(ActorSystem).Assembly.GetType("Akka.Dispatch.CurrentSynchronizationContextDispatcher") is not { IsPublic: false },
        "the simulation runs on the bundled Akka alone");
}
