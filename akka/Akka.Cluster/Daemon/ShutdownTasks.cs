using Akka.Actor;

namespace Akka.Cluster;

/// <summary>How coordinated shutdown takes a node out of the cluster: it leaves, hands over, says that it is done, ends.</summary>
internal sealed class ShutdownTasks(Cluster cluster)
{
    public void Register(CoordinatedShutdown shutdown)
    {
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterLeave, "leave", LeaveAsync);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExiting, "wait-exiting", WaitUntilExiting);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExitingDone, "exiting-completed", ExitingCompletedAsync);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterShutdown, "wait-shutdown", WaitUntilTerminated);
    }

    private bool IsMember => !cluster.IsTerminated && cluster.CurrentState.SelfMember is { Status: not MemberStatus.Down };

    private async Task<Done> LeaveAsync()
    {
        if (IsMember)
        {
            cluster.Leave(cluster.SelfAddress);
            await cluster.Exiting.ConfigureAwait(false);
        }

        return Done.Instance;
    }

    private async Task<Done> WaitUntilExiting()
    {
        if (IsMember)
        {
            await cluster.Exiting.ConfigureAwait(false);
        }

        return Done.Instance;
    }

    private Task<Done> ExitingCompletedAsync()
    {
        if (IsMember)
        {
            cluster.Core.Tell(ExitingCompleted.Instance, ActorRefs.NoSender);
        }

        return Task.FromResult(Done.Instance);
    }

    private async Task<Done> WaitUntilTerminated()
    {
        // Also for a node that never joined, or did not get its leave in time. ExitingCompleted, where it was sent, goes first.
        cluster.Core.Tell(StopCluster.Instance, ActorRefs.NoSender);
        await cluster.Terminated.ConfigureAwait(false);
        return Done.Instance;
    }
}
