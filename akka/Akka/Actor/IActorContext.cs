using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Something that actors are created under.</summary>
public interface IActorRefFactory
{
    /// <param name="props">How to make the actor.</param>
    /// <param name="name">Unique among the siblings; null for a generated one (<c>$a</c>, <c>$b</c>...).</param>
    /// <exception cref="InvalidActorNameException">The name is taken or has characters that a name may not have.</exception>
    IActorRef ActorOf(Props props, string? name = null);

    ActorSelection ActorSelection(ActorPath actorPath);

    /// <param name="actorPath">Absolute (<c>/user/a</c>), full (<c>akka://system/user/a</c>) or relative (<c>../a</c>).</param>
    ActorSelection ActorSelection(string actorPath);
}

public interface ICanWatch
{
    /// <summary>Sends <see cref="Terminated"/> here once <paramref name="subject"/> has stopped, or at once if it has.</summary>
    IActorRef Watch(IActorRef subject);

    /// <summary>As <see cref="Watch"/>, but with <paramref name="message"/> in place of <see cref="Terminated"/>.</summary>
    IActorRef WatchWith(IActorRef subject, object message);

    /// <summary>Ends the watch; no <see cref="Terminated"/> arrives after it, not even one that is queued.</summary>
    IActorRef Unwatch(IActorRef subject);
}

/// <summary>What an actor knows and may do during its turn.</summary>
public interface IActorContext : IActorRefFactory, ICanWatch
{
    IActorRef Self { get; }

    Props Props { get; }

    MessageDispatcher Dispatcher { get; }

    /// <summary>Who sent the current message; the dead letters when nobody did.</summary>
    IActorRef Sender { get; }

    ActorSystem System { get; }

    IActorRef Parent { get; }

    /// <summary>The receive time-out that is set, or null.</summary>
    TimeSpan? ReceiveTimeout { get; }

    /// <summary>Replaces the behaviour.</summary>
    void Become(Receive receive);

    /// <summary>Puts a behaviour on top of the current one.</summary>
    void BecomeStacked(Receive receive);

    /// <summary>Goes back to the behaviour before the last <see cref="BecomeStacked"/>.</summary>
    void UnbecomeStacked();

    /// <summary>The child of that name, or <see cref="ActorRefs.Nobody"/>.</summary>
    IActorRef Child(string name);

    IEnumerable<IActorRef> GetChildren();

    /// <summary>Sends <see cref="Akka.Actor.ReceiveTimeout"/> whenever no message came for that long; null ends it.</summary>
    void SetReceiveTimeout(TimeSpan? timeout);

    void Stop(IActorRef child);
}

public interface IUntypedActorContext : IActorContext
{
    void Become(UntypedReceive receive);

    void BecomeStacked(UntypedReceive receive);
}
