namespace Akka.Actor;

/// <summary>The reference of an actor whose cell is in this process: what it is made of can be looked at from any thread, while it works.</summary>
public abstract class ActorRefWithCell : InternalActorRefBase
{
    protected ActorRefWithCell()
    {
    }

    public abstract ICell Underlying { get; }

    /// <summary>A copy: the children may change meanwhile.</summary>
    public abstract IEnumerable<IActorRef> Children { get; }
}

/// <summary>What surrounds an actor.</summary>
public interface ICell
{
    Props Props { get; }

    /// <summary>Messages in the mailbox; a hint, for they come and go meanwhile.</summary>
    int NumberOfMessages { get; }
}
