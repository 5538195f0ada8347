using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>The parent of all user actors.</summary>
internal sealed class UserGuardian(SupervisorStrategy strategy) : UntypedActor
{
    protected override SupervisorStrategy SupervisorStrategy() => strategy;

    protected override void OnReceive(object message) => Unhandled(message);

    protected override void PreRestart(Exception reason, object message)
    {
        // Children live on: the guardian has no state of its own.
    }
}

/// <summary>The parent of loggers and extensions' actors; stops once the user actors have.</summary>
internal sealed class SystemGuardian(IActorRef userGuardian) : UntypedActor
{
    protected override void PreStart() => Context.Watch(userGuardian);

    protected override void OnReceive(object message)
    {
        if (message is Terminated)
        {
            Context.Stop(Self);
        }
        else
        {
            Unhandled(message);
        }
    }
}

/// <summary>The root of the tree; stops once both guardians have. A guardian that fails is stopped, and so the system.</summary>
internal sealed class RootGuardian : UntypedActor
{
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(cause =>
    {
        Context.System.Log.Error(cause, "guardian failed, shutting down!");
        return Directive.Stop;
    });

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WatchSystemGuardian watch:
                Context.Watch(watch.Guardian);
                break;
            case Terminated:
                Context.Stop(Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    public sealed record WatchSystemGuardian(IActorRef Guardian);
}

/// <summary>Above the root there is no actor: this reference learns of the root's end.</summary>
internal sealed class RootSupervisor(ActorSystemImpl system, ActorPath path, Action rootStopped) : MinimalActorRef
{
    public override ActorPath Path { get; } = path;

    internal override ActorSystemImpl SystemOfRef => system;

    internal override void SystemTell(SystemMessage message)
    {
        switch (message)
        {
            case FailedMessage failed:
                failed.Child.Stop();
                break;
            case DeathWatchNotification:
                rootStopped();
                break;
        }
    }
}
