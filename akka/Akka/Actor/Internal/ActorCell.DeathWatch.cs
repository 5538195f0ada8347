using Akka.Dispatch;

namespace Akka.Actor;

internal sealed partial class ActorCell
{
    /// <summary>Whom this actor watches, with the message it asked for in place of <see cref="Terminated"/>.</summary>
    private Dictionary<IActorRef, object?>? _watching;

    private HashSet<IInternalActorRef>? _watchedBy;

    /// <summary>Deaths that are in the mailbox as <see cref="Terminated"/>, so that Unwatch can still take them back.</summary>
    private Dictionary<IActorRef, object?>? _terminatedQueued;

    public IActorRef Watch(IActorRef subject) => StartWatching(subject, null);

    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return StartWatching(subject, message);
    }

    public IActorRef Unwatch(IActorRef subject)
    {
        if (!subject.Equals(SelfRef))
        {
            if (_watching?.Remove(subject) == true)
            {
                ((IInternalActorRef)subject).SendSystemMessage(new UnwatchMessage((IInternalActorRef)subject, SelfRef));
            }

            _terminatedQueued?.Remove(subject);
        }

        return subject;
    }

    private IActorRef StartWatching(IActorRef subject, object? message)
    {
        if (subject.Equals(SelfRef))
        {
            return subject;
        }

        _watching ??= [];
        if (_watching.TryGetValue(subject, out object? previous))
        {
            if (!Equals(previous, message))
            {
                throw new InvalidOperationException(
                    $"Watch({subject}) is registered already with termination message {previous ?? "Terminated"}; Unwatch it before another can be given.");
            }

            return subject;
        }

        IInternalActorRef watchee = (IInternalActorRef)subject;
        watchee.SendSystemMessage(new WatchMessage(watchee, SelfRef));
        _watching.Add(subject, message);
        return subject;
    }

    private void ReceiveTerminated(Terminated terminated)
    {
        if (_terminatedQueued?.Remove(terminated.ActorRef, out object? instead) == true)
        {
            ReceiveMessage(instead ?? terminated);
        }
    }

    private void WatchedActorTerminated(IActorRef actor, bool existenceConfirmed, bool addressTerminated)
    {
        if (_watching?.Remove(actor, out object? instead) == true && !Children.IsTerminating)
        {
            _terminatedQueued ??= [];
            _terminatedQueued.Add(actor, instead);
            SelfRef.Tell(new Terminated(actor, existenceConfirmed, addressTerminated), actor);
        }

        if (Children.TryGet(actor, out _))
        {
            HandleChildTerminated(actor);
        }
    }

    private void AddWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (watchee.Equals(SelfRef))
        {
            _watchedBy ??= [];
            _watchedBy.Add(watcher);
        }
    }

    private void RemoveWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (watchee.Equals(SelfRef))
        {
            _watchedBy?.Remove(watcher);
        }
    }

    private void TellWatchersWeDied()
    {
        if (_watchedBy is null)
        {
            return;
        }

        // The parent has been told already, as the parent.
        foreach (IInternalActorRef watcher in _watchedBy.Where(watcher => !watcher.Equals(ParentRef)))
        {
            watcher.SendSystemMessage(new DeathWatchNotification(SelfRef, existenceConfirmed: true));
        }

        _watchedBy = null;
    }

    private void UnwatchAll()
    {
        _terminatedQueued = null;
        if (_watching is null)
        {
            return;
        }

        foreach (IInternalActorRef subject in _watching.Keys.Cast<IInternalActorRef>())
        {
            subject.SendSystemMessage(new UnwatchMessage(subject, SelfRef));
        }

        _watching = null;
    }
}
