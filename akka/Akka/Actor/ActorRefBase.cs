using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Base of all references: equality is by path and incarnation.</summary>
public abstract class ActorRefBase : IActorRef
{
    protected ActorRefBase()
    {
    }

    /// <inheritdoc/>
    public abstract ActorPath Path { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidMessageException">The message is null.</exception>
    public void Tell(object message, IActorRef sender)
    {
        if (message is null)
        {
            throw new InvalidMessageException("Message is null.");
        }

        TellInternal(message, sender);
    }

    protected abstract void TellInternal(object message, IActorRef sender);

    public override string ToString() => $"[{Path.ToStringWithUid()}]";

    public override int GetHashCode() => HashCode.Combine(Path.Uid, Path);

    public override bool Equals(object? obj) => obj is IActorRef other && Equals(other);

    public bool Equals(IActorRef? other) =>
        ReferenceEquals(this, other) || (other is not null && Path.Uid == other.Path.Uid && Path.Equals(other.Path));

    public int CompareTo(IActorRef? other)
    {
        if (other is null)
        {
            return 1;
        }

        int byPath = Path.CompareTo(other.Path);
        return byPath != 0 ? byPath : Path.Uid.CompareTo(other.Path.Uid);
    }

    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        IActorRef other => CompareTo(other),
        _ => throw new ArgumentException($"Cannot compare an actor reference with {obj.GetType()}.", nameof(obj)),
    };
}

/// <summary>A reference that also takes part in the system's own protocols (supervision, death watch).</summary>
public abstract class InternalActorRefBase : ActorRefBase, IInternalActorRef
{
    protected InternalActorRefBase()
    {
    }

    public abstract bool IsLocal { get; }

    public abstract bool IsTerminated { get; }

    IInternalActorRef IInternalActorRef.Parent => ParentRef;

    ActorSystemImpl IInternalActorRef.SystemImpl => SystemOfRef;

    internal abstract IInternalActorRef ParentRef { get; }

    internal abstract ActorSystemImpl SystemOfRef { get; }

    IInternalActorRef IInternalActorRef.GetSingleChild(string name) => ChildNamed(name);

    void IInternalActorRef.SendSystemMessage(SystemMessage message) => SystemTell(message);

    internal abstract IInternalActorRef ChildNamed(string name);

    internal abstract void SystemTell(SystemMessage message);

    public abstract void Start();

    public abstract void Stop();

    public abstract void Suspend();

    public abstract void Resume(Exception? causedByFailure = null);

    public abstract void Restart(Exception cause);
}

/// <summary>A reference without an actor behind it: ignores everything unless a subclass says otherwise.</summary>
public abstract class MinimalActorRef : InternalActorRefBase
{
    protected MinimalActorRef()
    {
    }

    public override bool IsLocal => true;

    public override bool IsTerminated => false;

    internal override IInternalActorRef ParentRef => ActorRefs.Nobody;

    internal override ActorSystemImpl SystemOfRef =>
        throw new NotSupportedException($"{GetType().Name} belongs to no actor system.");

    internal override IInternalActorRef ChildNamed(string name) => ActorRefs.Nobody;

    internal override void SystemTell(SystemMessage message)
    {
    }

    public override void Start()
    {
    }

    public override void Stop()
    {
    }

    public override void Suspend()
    {
    }

    public override void Resume(Exception? causedByFailure = null)
    {
    }

    public override void Restart(Exception cause)
    {
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
    }
}

/// <summary>Nobody at all: what a lookup that finds nothing returns.</summary>
public sealed class Nobody : MinimalActorRef
{
    public static readonly Nobody Instance = new();

    private readonly RootActorPath _path = new(new Address("akka", "all-systems"), "/Nobody");

    private Nobody()
    {
    }

    public override ActorPath Path => _path;
}

public static class ActorRefs
{
    /// <summary>The reference that stands for "not found".</summary>
    public static readonly Nobody Nobody = Nobody.Instance;

    /// <summary>The absence of a sender; the receiver sees the dead letters as its <c>Sender</c>.</summary>
    public static readonly IActorRef NoSender = null!;
}
