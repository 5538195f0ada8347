using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Waiting for actors' ends outside of actors.</summary>
public static class GracefulStopSupport
{
    /// <summary>Sends <see cref="PoisonPill"/> and waits for the end.</summary>
    /// <exception cref="TaskCanceledException">The task's, when the actor did not stop within <paramref name="timeout"/>.</exception>
    public static Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout) => target.GracefulStop(timeout, PoisonPill.Instance);

    /// <summary>As the other, with a message that makes the actor stop itself.</summary>
    public static async Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout, object stopMessage)
    {
        using CancellationTokenSource expiry = new(timeout);
        Task<bool> stopped = target.WatchAsync(expiry.Token);
        target.Tell(stopMessage, ActorRefs.NoSender);
        return await stopped.ConfigureAwait(false);
    }
}

public static class WatchAsyncSupport
{
    /// <summary>Completes with true once the actor has stopped.</summary>
    public static async Task<bool> WatchAsync(this IActorRef target, CancellationToken token = default)
    {
        IInternalActorRef watchee = (IInternalActorRef)target;
        FutureActorRef<Terminated> watcher = new(watchee.SystemImpl);
        using CancellationTokenRegistration registration = token.Register(() => watcher.Cancel(token));
        watchee.SendSystemMessage(new WatchMessage(watchee, watcher));
        try
        {
            await watcher.Answer.ConfigureAwait(false);
            return true;
        }
        finally
        {
            watchee.SendSystemMessage(new UnwatchMessage(watchee, watcher));
        }
    }
}
