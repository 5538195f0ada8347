namespace Akka.Actor;

/// <summary>A behaviour: true when it handled the message.</summary>
public delegate bool Receive(object message);

/// <summary>A behaviour that handles every message or calls <c>Unhandled</c>.</summary>
public delegate void UntypedReceive(object message);

/// <summary>
/// Base of all actors. An instance lives inside one cell; its members are called by that cell's turns only, one at a time.
/// </summary>
public abstract class ActorBase
{
    private readonly ActorCell _cell;
    private SupervisorStrategy? _strategy;

    /// <exception cref="ActorInitializationException">Not called by the actor system.</exception>
    protected ActorBase()
    {
        _cell = ActorCell.Current ?? throw new ActorInitializationException(
            $"You cannot create an instance of [{GetType()}] with new. Use ActorOf(Props.Create(...)) so that it gets a context.");
        _cell.SetInitialBehaviour(Receive);
    }

    /// <exception cref="NotSupportedException">No actor's turn is running on this thread.</exception>
    protected static IActorContext Context => ActiveCell;

    protected static Receive EmptyReceive { get; } = static _ => false;

    protected IActorRef Self => ActiveCell.Self;

    protected IActorRef Sender => ActiveCell.Sender;

    internal static ActorCell ActiveCell => ActorCell.Current ?? throw new NotSupportedException(
        "There is no active ActorContext, this is most likely due to use of async operations from within this actor.");

    internal ActorCell OwnCell => _cell;

    public virtual bool AroundReceive(Receive receive, object message)
    {
        bool handled = receive(message);
        if (!handled)
        {
            Unhandled(message);
        }

        return handled;
    }

    public virtual void AroundPreStart() => PreStart();

    public virtual void AroundPostStop() => PostStop();

    public virtual void AroundPreRestart(Exception cause, object? message) => PreRestart(cause, message!);

    public virtual void AroundPostRestart(Exception cause, object? message) => PostRestart(cause);

    protected abstract bool Receive(object message);

    protected void Become(Receive receive) => _cell.Become(receive);

    protected void BecomeStacked(Receive receive) => _cell.BecomeStacked(receive);

    protected void UnbecomeStacked() => _cell.UnbecomeStacked();

    protected void SetReceiveTimeout(TimeSpan? timeout) => _cell.SetReceiveTimeout(timeout);

    /// <summary>Called before the first message, on the first instance only (unless <see cref="PostRestart"/> says otherwise).</summary>
    protected virtual void PreStart()
    {
    }

    /// <summary>Called after the last message and after all children have stopped.</summary>
    protected virtual void PostStop()
    {
    }

    /// <summary>Called on the instance that failed; the default stops all children and calls <see cref="PostStop"/>.</summary>
    /// <param name="reason">Why the actor is restarted.</param>
    /// <param name="message">The message that was being processed; null when there was none.</param>
    protected virtual void PreRestart(Exception reason, object message)
    {
        foreach (IActorRef child in _cell.GetChildren())
        {
            _cell.Unwatch(child);
            _cell.Stop(child);
        }

        PostStop();
    }

    /// <summary>Called on the fresh instance; the default calls <see cref="PreStart"/>.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>The strategy for this actor's children.</summary>
    protected virtual SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.DefaultStrategy;

    /// <summary>Called for a message that no behaviour handled: an unhandled <see cref="Terminated"/> is fatal.</summary>
    protected virtual void Unhandled(object message)
    {
        if (message is Terminated terminated)
        {
            throw new DeathPactException(terminated.ActorRef);
        }

        _cell.System.EventStream.Publish(new Event.UnhandledMessage(message, _cell.Sender, _cell.Self));
    }

    internal SupervisorStrategy StrategyForChildren() => _strategy ??= SupervisorStrategy();
}
