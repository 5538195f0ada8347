using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.Unit;

public sealed class ClusterStartTests
{
    // The extreme case of a thread that is slow to return from starting the daemon: all that the daemon starts has run by then.
    [Fact]
    public async Task Actors_of_a_cluster_may_run_before_the_call_that_started_them_has_returned()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new AtOnce());
        ActorSystem system;
        try
        {
            system = ActorSystem.Create("at-once", ConfigurationFactory.ParseString("""
                akka {
                  loglevel = OFF
                  actor.provider = cluster
                  remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
                  cluster { use-dispatcher = at-once, downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster" }
                }
                at-once.type = SynchronizedDispatcher
                """));
            Cluster.Get(system);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        await Cluster.Get(system).JoinAsync(Cluster.Get(system).SelfAddress, patience.Token);
        await system.Terminate();
    }

    private sealed class AtOnce : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}
