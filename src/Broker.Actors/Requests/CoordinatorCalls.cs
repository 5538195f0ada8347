using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;

namespace Broker.Actors.Requests;

/// <summary>Asks the coordinator for the handlers of requests, and no longer than their clients wait.</summary>
internal static class CoordinatorCalls
{
    /// <summary>A change is one PUT, which Kafka's brokers, whose changes are a write to their own disk, do not count into the client's time: it gets this much also where the client gives less.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>How long a request waits: as long as its client says, within what is sensible.</summary>
    /// <param name="timeoutMs">The request's own.</param>
    public static TimeSpan PatienceFor(int timeoutMs) =>
        TimeSpan.FromMilliseconds(Math.Clamp(timeoutMs, Least.TotalMilliseconds, CoordinatorTimeouts.Command.TotalMilliseconds));

    /// <summary>The coordinator's answer, or <see cref="CommandFailed"/> when it gives none in time.</summary>
    /// <param name="services">The node's.</param>
    /// <param name="command">What the coordinator is asked for.</param>
    /// <param name="patience">How long to wait; null: as long as clients wait by default.</param>
    public static async Task<object> CommandAsync(this BrokerServices services, object command, TimeSpan? patience = null)
    {
        TimeSpan wait = patience ?? CoordinatorTimeouts.Command;
        try
        {
            return await services.Coordinator.Ask(command, wait);
        }
        catch (AskTimeoutException)
        {
            return new CommandFailed(StorageErrorKind.Unavailable, $"the metadata could not be changed within {wait.TotalSeconds} s; the change may still be made", IsInDoubt: true);
        }
    }
}
