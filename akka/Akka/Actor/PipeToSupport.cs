namespace Akka.Actor;

/// <summary>Sends a task's outcome as a message: the way for asynchronous results back into an actor.</summary>
public static class PipeToSupport
{
    /// <param name="taskToPipe">Whose outcome is sent.</param>
    /// <param name="recipient">Who gets it.</param>
    /// <param name="sender">The message's sender.</param>
    /// <param name="success">Makes the message of the result; by default the result itself.</param>
    /// <param name="failure">Makes the message of the exception; by default a <see cref="Status.Failure"/>.</param>
    public static Task PipeTo<T>(this Task<T> taskToPipe, ICanTell recipient, IActorRef? sender = null, Func<T, object>? success = null, Func<Exception, object>? failure = null) =>
        Pipe(new ValueTask<T>(taskToPipe), recipient, sender, success, failure);

    public static Task PipeTo<T>(this ValueTask<T> taskToPipe, ICanTell recipient, IActorRef? sender = null, Func<T, object>? success = null, Func<Exception, object>? failure = null) =>
        Pipe(taskToPipe, recipient, sender, success, failure);

    /// <summary>As the others; on success nothing is sent unless <paramref name="success"/> says what.</summary>
    public static Task PipeTo(this Task taskToPipe, ICanTell recipient, IActorRef? sender = null, Func<object>? success = null, Func<Exception, object>? failure = null) =>
        Pipe(new ValueTask(taskToPipe), recipient, sender, success, failure);

    public static Task PipeTo(this ValueTask taskToPipe, ICanTell recipient, IActorRef? sender = null, Func<object>? success = null, Func<Exception, object>? failure = null) =>
        Pipe(taskToPipe, recipient, sender, success, failure);

    // Elsewhere a context that happens to be current is none of the actors' business, and might be blocked.
    private static bool StaysInContext => ActorCell.Current is { Dispatcher.RunsInContext: true };

    private static async Task Pipe<T>(ValueTask<T> task, ICanTell recipient, IActorRef? sender, Func<T, object>? success, Func<Exception, object>? failure)
    {
        object message;
        try
        {
            T result = await task.ConfigureAwait(StaysInContext);
            message = success is not null ? success(result) : result!;
        }
        catch (Exception cause)
        {
            message = failure is not null ? failure(cause) : new Status.Failure(cause);
        }

        recipient.Tell(message, sender!);
    }

    private static async Task Pipe(ValueTask task, ICanTell recipient, IActorRef? sender, Func<object>? success, Func<Exception, object>? failure)
    {
        object? message;
        try
        {
            await task.ConfigureAwait(StaysInContext);
            message = success?.Invoke();
        }
        catch (Exception cause)
        {
            message = failure is not null ? failure(cause) : new Status.Failure(cause);
        }

        if (message is not null)
        {
            recipient.Tell(message, sender!);
        }
    }
}
