namespace Akka.Actor;

public static class ActorRefExtensions
{
    /// <summary>True when the reference is null or <see cref="ActorRefs.Nobody"/>.</summary>
    public static bool IsNobody(this IActorRef actorRef) => actorRef is null or Nobody;

    /// <summary>The reference itself, or <paramref name="elseValue"/>'s result when it is nobody.</summary>
    public static IActorRef GetOrElse(this IActorRef actorRef, Func<IActorRef> elseValue) =>
        actorRef.IsNobody() ? elseValue() : actorRef;
}

public static class ActorRefImplicitSenderExtensions
{
    /// <summary>Sends with the actor whose turn is running on this thread as the sender, if there is one.</summary>
    public static void Tell(this IActorRef receiver, object message) =>
        receiver.Tell(message, ActorCell.CurrentSelfOrNoSender);

    /// <summary>Sends <paramref name="message"/> with the sender of the message that is being processed.</summary>
    public static void Forward(this IActorRef receiver, object message) =>
        receiver.Tell(message, ActorCell.CurrentSenderOrNoSender);
}
