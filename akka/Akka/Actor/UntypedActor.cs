using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>An actor with one method for all messages.</summary>
public abstract class UntypedActor : ActorBase
{
    protected UntypedActor()
    {
    }

    protected static new IUntypedActorContext Context => ActiveCell;

    protected sealed override bool Receive(object message)
    {
        OnReceive(message);
        return true;
    }

    protected abstract void OnReceive(object message);

    protected void Become(UntypedReceive receive) => OwnCell.Become(receive);

    protected void BecomeStacked(UntypedReceive receive) => OwnCell.BecomeStacked(receive);

    /// <summary>Runs asynchronous code in this actor's turns; no other message is processed until it has ended.</summary>
    protected void RunTask(Func<Task> action) => AsyncReceive.Run(ActiveCell, action);
}

public abstract class UntypedActorWithStash : UntypedActor, IWithStash
{
    protected UntypedActorWithStash()
    {
    }

    public IStash Stash { get; set; } = null!;
}

public abstract class UntypedActorWithUnboundedStash : UntypedActor, IWithUnboundedStash
{
    protected UntypedActorWithUnboundedStash()
    {
    }

    public IStash Stash { get; set; } = null!;
}
