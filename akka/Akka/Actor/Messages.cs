using Akka.Event;

namespace Akka.Actor;

/// <summary>Marks messages that could stop or confuse an actor when they come from outside its system.</summary>
public interface IPossiblyHarmful
{
}

/// <summary>Marks messages that the actor's cell handles before the actor's behaviour sees them.</summary>
public interface IAutoReceivedMessage
{
}

/// <summary>Marks messages that do not reset the receive time-out.</summary>
public interface INotInfluenceReceiveTimeout
{
}

/// <summary>Marks messages that never leave the process.</summary>
public interface INoSerializationVerificationNeeded
{
}

/// <summary>A message around another one.</summary>
public interface IWrappedMessage
{
    object Message { get; }
}

/// <summary>Stops the receiver when its turn comes: after all messages that were sent before.</summary>
public sealed class PoisonPill : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression
{
    public static PoisonPill Instance { get; } = new();

    private PoisonPill()
    {
    }

    public override string ToString() => "<PoisonPill>";
}

/// <summary>Makes the receiver throw <see cref="ActorKilledException"/>, so that its supervisor decides.</summary>
public sealed class Kill : IAutoReceivedMessage
{
    public static Kill Instance { get; } = new();

    private Kill()
    {
    }

    public override string ToString() => "<Kill>";
}

/// <summary>Asks an actor for its reference; answered with <see cref="ActorIdentity"/>.</summary>
public sealed class Identify : IAutoReceivedMessage
{
    public Identify(object messageId) => MessageId = messageId;

    public object MessageId { get; }
}

/// <summary>The answer to <see cref="Identify"/>.</summary>
public sealed class ActorIdentity
{
    public ActorIdentity(object messageId, IActorRef? subject)
    {
        MessageId = messageId;
        Subject = subject;
    }

    public object MessageId { get; }

    /// <summary>The actor that answered, or null when there is none.</summary>
    public IActorRef? Subject { get; }
}

/// <summary>Tells a watcher that the actor it watched has stopped.</summary>
public sealed class Terminated : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression,
    INoSerializationVerificationNeeded, IEquatable<Terminated>
{
    public Terminated(IActorRef actorRef, bool existenceConfirmed, bool addressTerminated)
    {
        ActorRef = actorRef;
        ExistenceConfirmed = existenceConfirmed;
        AddressTerminated = addressTerminated;
    }

    public IActorRef ActorRef { get; }

    /// <summary>False when the actor was already gone when the watch began.</summary>
    public bool ExistenceConfirmed { get; }

    public bool AddressTerminated { get; }

    public bool Equals(Terminated? other) => other is not null && ActorRef.Equals(other.ActorRef)
        && ExistenceConfirmed == other.ExistenceConfirmed && AddressTerminated == other.AddressTerminated;

    public override bool Equals(object? obj) => Equals(obj as Terminated);

    public override int GetHashCode() => HashCode.Combine(ActorRef, ExistenceConfirmed, AddressTerminated);

    public override string ToString() => $"<Terminated>: {ActorRef} - ExistenceConfirmed={ExistenceConfirmed}";
}

/// <summary>No message arrived within the span set by <c>SetReceiveTimeout</c>.</summary>
public class ReceiveTimeout : IPossiblyHarmful
{
    public static ReceiveTimeout Instance { get; } = new();

    private ReceiveTimeout()
    {
    }

    public override string ToString() => "<ReceiveTimeout>";
}

/// <summary>The outcome of an operation as a message.</summary>
public abstract class Status
{
    protected Status()
    {
    }

    public sealed class Success : Status
    {
        public static readonly Success Instance = new(null);

        public readonly object? Status;

        public Success(object? status) => Status = status;
    }

    public sealed class Failure : Status
    {
        public readonly Exception Cause;

        public readonly object? State;

        public Failure(Exception cause) => Cause = cause;

        public Failure(Exception cause, object? state)
        {
            Cause = cause;
            State = state;
        }

        public override string ToString() => State is null ? $"Failure: {Cause}" : $"Failure: {Cause} ({State})";
    }
}

/// <summary>A message with its sender, as the stash hands it out.</summary>
public readonly struct Envelope
{
    public Envelope(object message, IActorRef sender)
    {
        Message = message;
        Sender = sender;
    }

    public IActorRef Sender { get; }

    public object Message { get; }

    public override string ToString() => $"<{Message}> from {(Sender is null ? "NoSender" : Sender.ToString())}";
}
