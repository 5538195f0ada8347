using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Where messages go that nobody will process: they are published on the event stream.</summary>
internal sealed class DeadLetterActorRef(ActorSystemImpl system, ActorPath path) : MinimalActorRef
{
    public override ActorPath Path { get; } = path;

    public override bool IsTerminated => true;

    internal override ActorSystemImpl SystemOfRef => system;

    /// <summary>A user message to an actor that has stopped, or to none.</summary>
    public void UserMessageLost(object message, IActorRef? sender, IActorRef recipient)
    {
        switch (message)
        {
            case DeadLetter letter:
                system.EventStream.Publish(letter);
                break;
            case Identify identify:
                (sender ?? this).Tell(new ActorIdentity(identify.MessageId, null), this);
                break;
            case TimerMessage:
                break;
            case IDeadLetterSuppression suppressed:
                system.EventStream.Publish(new SuppressedDeadLetter(suppressed, sender ?? this, recipient));
                break;
            default:
                system.EventStream.Publish(new DeadLetter(message, sender ?? this, recipient));
                break;
        }
    }

    /// <summary>A system message to an actor that has stopped: a watcher learns of the death at once.</summary>
    public void SystemMessageLost(SystemMessage message)
    {
        if (message is WatchMessage watch)
        {
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, existenceConfirmed: false));
        }
    }

    internal override void SystemTell(SystemMessage message) => SystemMessageLost(message);

    protected override void TellInternal(object message, IActorRef sender) => UserMessageLost(message, sender, this);
}

/// <summary>A reference to an actor that doesn't exist: a lookup's result that stays usable as an address.</summary>
internal sealed class EmptyLocalActorRef(ActorSystemImpl system, ActorPath path) : MinimalActorRef
{
    public override ActorPath Path { get; } = path;

    public override bool IsTerminated => true;

    internal override ActorSystemImpl SystemOfRef => system;

    internal override void SystemTell(SystemMessage message) => system.DeadLetterRef.SystemMessageLost(message);

    protected override void TellInternal(object message, IActorRef sender) =>
        system.DeadLetterRef.UserMessageLost(message, sender, this);
}
