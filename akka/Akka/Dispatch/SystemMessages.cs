using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>A message of the actor system to a cell; these go before all user messages, in order.</summary>
internal abstract class SystemMessage
{
    /// <summary>The link in the queue of system messages.</summary>
    public SystemMessage? Next;
}

/// <summary>The first message of every cell: make the actor.</summary>
internal sealed class CreateMessage : SystemMessage
{
}

internal sealed class SuspendMessage : SystemMessage
{
}

internal sealed class ResumeMessage(Exception? causedByFailure) : SystemMessage
{
    public Exception? CausedByFailure { get; } = causedByFailure;
}

internal sealed class RecreateMessage(Exception cause) : SystemMessage
{
    public Exception Cause { get; } = cause;
}

internal sealed class TerminateMessage : SystemMessage
{
}

/// <summary>A child tells its supervisor that it failed and is suspended.</summary>
internal sealed class FailedMessage(IInternalActorRef child, Exception cause) : SystemMessage
{
    public IInternalActorRef Child { get; } = child;

    public Exception Cause { get; } = cause;
}

internal sealed class WatchMessage(IInternalActorRef watchee, IInternalActorRef watcher) : SystemMessage
{
    public IInternalActorRef Watchee { get; } = watchee;

    public IInternalActorRef Watcher { get; } = watcher;
}

internal sealed class UnwatchMessage(IInternalActorRef watchee, IInternalActorRef watcher) : SystemMessage
{
    public IInternalActorRef Watchee { get; } = watchee;

    public IInternalActorRef Watcher { get; } = watcher;
}

internal sealed class DeathWatchNotification(IActorRef actor, bool existenceConfirmed, bool addressTerminated = false) : SystemMessage
{
    public IActorRef Actor { get; } = actor;

    public bool ExistenceConfirmed { get; } = existenceConfirmed;

    /// <summary>Not the actor was seen to end, but its whole node is out of reach.</summary>
    public bool AddressTerminated { get; } = addressTerminated;
}

/// <summary>A step of an asynchronous receive that must run inside the actor's turn.</summary>
internal sealed class ActorTaskMessage(AsyncReceive receive, Task? step, Exception? failure) : SystemMessage
{
    public AsyncReceive Receive { get; } = receive;

    /// <summary>The task to run, or null when the whole receive has ended.</summary>
    public Task? Step { get; } = step;

    public Exception? Failure { get; } = failure;
}
