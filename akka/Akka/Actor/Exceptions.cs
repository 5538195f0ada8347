namespace Akka.Actor;

/// <summary>Base of the exceptions that the actor system itself raises.</summary>
public abstract class AkkaException : Exception
{
    protected AkkaException()
    {
    }

    protected AkkaException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }

    protected Exception? Cause => InnerException;
}

/// <summary>An actor's constructor or <c>PreStart</c> failed; by default the supervisor stops it.</summary>
public class ActorInitializationException : AkkaException
{
    public ActorInitializationException()
    {
    }

    public ActorInitializationException(string message)
        : base(message)
    {
    }

    public ActorInitializationException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public ActorInitializationException(IActorRef actor, string message, Exception? cause = null)
        : base(message, cause) => Actor = actor;

    public IActorRef? Actor { get; set; }

    public override string ToString() => Actor is null ? base.ToString() : $"{Actor}: {base.ToString()}";
}

/// <summary><c>PreRestart</c> itself failed while an actor was being restarted.</summary>
public class PreRestartException : ActorInitializationException
{
    public PreRestartException(IActorRef actor, Exception restartException, Exception cause, object? optionalMessage)
        : base(actor, $"PreRestart failed for message {optionalMessage ?? "none"}; the restart was caused by: {cause.Message}", restartException)
    {
        RestartException = restartException;
        OptionalMessage = optionalMessage;
    }

    public Exception RestartException { get; }

    public object? OptionalMessage { get; }
}

/// <summary>The fresh instance's constructor or <c>PostRestart</c> failed; by default the supervisor stops the actor.</summary>
public class PostRestartException : ActorInitializationException
{
    public PostRestartException(IActorRef actor, Exception cause, Exception originalCause)
        : base(actor, $"Exception post restart ({originalCause.GetType().Name})", cause) => OriginalCause = originalCause;

    public Exception OriginalCause { get; }
}

/// <summary>The actor received <see cref="Kill"/>; by default the supervisor stops it.</summary>
public class ActorKilledException : AkkaException
{
    public ActorKilledException()
    {
    }

    public ActorKilledException(string message)
        : base(message)
    {
    }
}

/// <summary>A watched actor terminated and the watcher did not handle <see cref="Terminated"/>.</summary>
public class DeathPactException : AkkaException
{
    public DeathPactException(IActorRef deadActor)
        : base($"Monitored actor [{deadActor}] terminated") => DeadActor = deadActor;

    public IActorRef DeadActor { get; }
}

/// <summary>An actor selection resolved to no actor.</summary>
public class ActorNotFoundException : AkkaException
{
    public ActorNotFoundException()
    {
    }

    public ActorNotFoundException(string message, Exception? innerException = null)
        : base(message, innerException!)
    {
    }
}

/// <summary>No answer to an <c>Ask</c> arrived within its time-out.</summary>
public class AskTimeoutException : AkkaException
{
    public AskTimeoutException(string message)
        : base(message)
    {
    }
}

public class IllegalActorStateException : AkkaException
{
    public IllegalActorStateException(string message)
        : base(message)
    {
    }
}

/// <summary>A name is empty, has characters that no name may have, or is taken.</summary>
public class InvalidActorNameException : AkkaException
{
    public InvalidActorNameException(string message)
        : base(message)
    {
    }

    public InvalidActorNameException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

public class InvalidMessageException : AkkaException
{
    public InvalidMessageException()
    {
    }

    public InvalidMessageException(string message)
        : base(message)
    {
    }
}

/// <summary>A logger named by <c>akka.loggers</c> could not be started.</summary>
public class LoggerInitializationException : AkkaException
{
    public LoggerInitializationException()
    {
    }

    public LoggerInitializationException(string message)
        : base(message)
    {
    }

    public LoggerInitializationException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}

/// <summary>The scheduler has been shut down or was asked for the impossible.</summary>
public sealed class SchedulerException : AkkaException
{
    public SchedulerException(string message)
        : base(message)
    {
    }
}

/// <summary>A bounded stash is full.</summary>
public class StashOverflowException : AkkaException
{
    public StashOverflowException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
