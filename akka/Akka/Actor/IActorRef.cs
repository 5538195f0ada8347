using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Something that a message can be sent to.</summary>
public interface ICanTell
{
    /// <summary>Sends <paramref name="message"/> and returns at once; delivery is at most once and in order per pair.</summary>
    void Tell(object message, IActorRef sender);
}

/// <summary>A handle to an actor: immutable, comparable, safe to share between threads.</summary>
public interface IActorRef : ICanTell, IEquatable<IActorRef>, IComparable<IActorRef>, IComparable
{
    /// <summary>Where the actor lives, with the unique id of its incarnation.</summary>
    ActorPath Path { get; }
}

/// <summary>Tells whether a reference points into this process.</summary>
public interface IActorRefScope
{
    bool IsLocal { get; }
}

/// <summary>What the actor system itself needs of a reference.</summary>
internal interface IInternalActorRef : IActorRef, IActorRefScope
{
    IInternalActorRef Parent { get; }

    ActorSystemImpl SystemImpl { get; }

    bool IsTerminated { get; }

    /// <summary>The child of that name, or <see cref="ActorRefs.Nobody"/>; safe from any thread.</summary>
    IInternalActorRef GetSingleChild(string name);

    void SendSystemMessage(SystemMessage message);

    void Start();

    void Stop();

    void Suspend();

    void Resume(Exception? causedByFailure = null);

    void Restart(Exception cause);
}
