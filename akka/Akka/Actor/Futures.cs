namespace Akka.Actor;

/// <summary>Asking: sending a message and getting the answer as a task.</summary>
public static class Futures
{
    /// <param name="self">Whom to ask.</param>
    /// <param name="message">The question; the one who answers sees a temporary sender.</param>
    /// <param name="timeout">How long to wait; null for <c>akka.actor.ask-timeout</c> (infinite unless configured).</param>
    /// <returns>Fails with <see cref="AskTimeoutException"/>, also when the asked system ends before a time-out, or with the cause of a <see cref="Status.Failure"/> answer.</returns>
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout = null) =>
        self.Ask<object>(message, timeout, CancellationToken.None);

    public static Task<object> Ask(this ICanTell self, object message, CancellationToken cancellationToken) =>
        self.Ask<object>(message, null, cancellationToken);

    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<object>(message, timeout, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout = null) =>
        self.Ask<T>(message, timeout, CancellationToken.None);

    public static Task<T> Ask<T>(this ICanTell self, object message, CancellationToken cancellationToken) =>
        self.Ask<T>(message, null, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<T>(_ => message, timeout, cancellationToken);

    /// <param name="self">Whom to ask.</param>
    /// <param name="messageFactory">Makes the question, given the reference to answer to.</param>
    /// <param name="timeout">How long to wait; null for <c>akka.actor.ask-timeout</c>.</param>
    /// <param name="cancellationToken">Gives up early.</param>
    public static Task<T> Ask<T>(this ICanTell self, Func<IActorRef, object> messageFactory, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ActorSystemImpl system = SystemOf(self);
        cancellationToken.ThrowIfCancellationRequested();
        FutureActorRef<T> future = new(system);
        TimeSpan wait = timeout ?? system.Settings.AskTimeout;
        if (wait == TimeSpan.Zero)
        {
            future.Fail(Timeout(wait));
            return future.Answer;
        }

        if (wait > TimeSpan.Zero)
        {
            // The system may end before: then nobody answers any more, and the one who asked is not left waiting.
            future.Timer = system.Scheduler is DeadlineScheduler deadlines
                ? deadlines.ScheduleTimeout(wait, () => future.Fail(Timeout(wait)), () => future.Fail(Ended()))
                : system.Scheduler.Advanced.ScheduleOnceCancelable(wait, () => future.Fail(Timeout(wait)));
        }

        if (cancellationToken.CanBeCanceled)
        {
            CancellationTokenRegistration registration = cancellationToken.Register(() => future.Cancel(cancellationToken));
            future.Answer.ContinueWith(
                static (_, state) => ((CancellationTokenRegistration)state!).Unregister(),
                registration,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        self.Tell(messageFactory(future), future);
        return future.Answer;
    }

    internal static ActorSystemImpl SystemOf(ICanTell target) => target switch
    {
        ActorSelection selection => SystemOf(selection.Anchor),
        IInternalActorRef and not Nobody => ((IInternalActorRef)target).SystemImpl,
        _ => ActorCell.Current?.SystemImpl
            ?? throw new ArgumentException($"Can't tell which actor system '{target}' belongs to.", nameof(target)),
    };

    private static AskTimeoutException Ended() => new("The actor system has ended before there was an answer");

    private static AskTimeoutException Timeout(TimeSpan wait) => new($"Timeout after {wait.TotalSeconds} seconds");
}
