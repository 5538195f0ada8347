namespace Akka.Actor;

internal sealed partial class ActorCell
{
    /// <summary>Any thread may look; changes are the actor's own, except for the guardians (any thread creates under them).</summary>
    public ChildrenContainer Children { get; }

    public IActorRef ActorOf(Props props, string? name = null) => CreateChild(props, name);

    /// <summary>The actor's own turn, or any thread for a guardian.</summary>
    public IInternalActorRef CreateChild(Props props, string? name)
    {
        if (name is null)
        {
            name = Children.NextGeneratedName();
        }
        else
        {
            CheckName(name);
        }

        Dispatch.MessageDispatcher dispatcher = SystemImpl.Dispatchers.Lookup(props.Dispatcher);
        LocalActorRef child = Children.AddNew(name, SelfRef, () => new LocalActorRef(
            SystemImpl, props, dispatcher, SelfRef, new ChildActorPath(SelfRef.Path, name, SystemImpl.NextUid())));
        child.Start();
        return child;
    }

    public IActorRef Child(string name) => SingleChild(name);

    public IInternalActorRef SingleChild(string name)
    {
        int hash = name.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0)
        {
            return Children.TryGet(name, out ChildStats? stats) ? stats.Child : ActorRefs.Nobody;
        }

        return Children.TryGet(name[..hash], out ChildStats? found)
            && long.TryParse(name.AsSpan(hash + 1), out long uid) && found.Child.Path.Uid == uid
                ? found.Child
                : ActorRefs.Nobody;
    }

    public IEnumerable<IActorRef> GetChildren() => Children.Refs();

    public void Stop(IActorRef child)
    {
        IInternalActorRef internalRef = (IInternalActorRef)child;
        Children.ShallDie(internalRef);
        internalRef.Stop();
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0)
        {
            throw new InvalidActorNameException("Actor name must not be empty.");
        }

        if (!ActorPath.IsValidPathElement(name))
        {
            throw new InvalidActorNameException(
                $"Illegal actor name [{name}]. Actor paths MUST: not start with `$`, include only ASCII letters and can only contain these special characters: {ActorPath.ValidSymbols}.");
        }
    }

    private void SuspendChildren(IActorRef? except)
    {
        foreach (IInternalActorRef child in Children.Refs().Where(child => !child.Equals(except)))
        {
            child.Suspend();
        }
    }

    private void ResumeChildren(Exception? causedByFailure, IActorRef? perpetrator)
    {
        foreach (IInternalActorRef child in Children.Refs())
        {
            child.Resume(child.Equals(perpetrator) ? causedByFailure : null);
        }
    }

    private void HandleChildTerminated(IActorRef child)
    {
        SuspendReason? ended = Children.Remove(child);
        switch (ended)
        {
            case SuspendReason.Recreation recreation:
                FinishRecreate(recreation.Cause);
                break;
            case SuspendReason.Creation:
                FinishCreate();
                break;
            case SuspendReason.Termination:
                FinishTerminate();
                break;
        }
    }
}
