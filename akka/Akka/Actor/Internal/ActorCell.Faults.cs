using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Creation, failure, restart and termination of the actor in this cell.</summary>
internal sealed partial class ActorCell
{
    /// <summary>Who made this cell fail: itself or the child whose failure it escalated; null while it is well.</summary>
    private IActorRef? _failedBy;

    /// <summary>One turn: a system message. Never throws.</summary>
    public void SystemInvoke(SystemMessage message)
    {
        try
        {
            switch (message)
            {
                case CreateMessage:
                    Create();
                    break;
                case FailedMessage failed:
                    HandleChildFailed(failed);
                    break;
                case DeathWatchNotification died:
                    WatchedActorTerminated(died.Actor, died.ExistenceConfirmed, died.AddressTerminated);
                    break;
                case WatchMessage watch:
                    AddWatcher(watch.Watchee, watch.Watcher);
                    break;
                case UnwatchMessage unwatch:
                    RemoveWatcher(unwatch.Watchee, unwatch.Watcher);
                    break;
                case SuspendMessage:
                    FaultSuspend();
                    break;
                case ResumeMessage resume:
                    FaultResume(resume.CausedByFailure);
                    break;
                case RecreateMessage recreate:
                    FaultRecreate(recreate.Cause);
                    break;
                case TerminateMessage:
                    Terminate();
                    break;
                case ActorTaskMessage task:
                    ContinueAsyncReceive(task);
                    break;
                default:
                    throw new InvalidOperationException($"Unknown system message {message.GetType()}.");
            }
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
    }

    private void Create()
    {
        try
        {
            _actor = NewActor();
            _actor.AroundPreStart();
            ScheduleReceiveTimeout();
        }
        catch (Exception cause)
        {
            ReleaseIncarnation();
            _actor = null;
            throw cause as ActorInitializationException
                ?? new ActorInitializationException(SelfRef, "Exception during creation", cause);
        }
    }

    private void ContinueAsyncReceive(ActorTaskMessage task)
    {
        if (task.Step is not null)
        {
            task.Receive.RunStep(task.Step);
            return;
        }

        _mailbox.Resume();
        if (task.Failure is not null)
        {
            task.Receive.InContext(() => HandleInvokeFailure(task.Failure));
        }

        ScheduleReceiveTimeout();
    }

    private void HandleInvokeFailure(Exception cause, IReadOnlyCollection<IActorRef>? childrenNotToSuspend = null)
    {
        if (_failedBy is not null)
        {
            return;
        }

        _mailbox.Suspend();
        _failedBy = cause is EscalatedFailure escalated ? escalated.Child : SelfRef;
        Exception reason = cause is EscalatedFailure { InnerException: { } inner } ? inner : cause;
        foreach (IInternalActorRef child in Children.Refs())
        {
            if (!child.Equals(_failedBy) && childrenNotToSuspend?.Contains(child) != true)
            {
                child.Suspend();
            }
        }

        ParentRef.SendSystemMessage(new FailedMessage(SelfRef, reason));
    }

    private void HandleChildFailed(FailedMessage failed)
    {
        if (!Children.TryGet(failed.Child, out ChildStats? stats))
        {
            return;
        }

        SupervisorStrategy strategy = Props.SupervisorStrategy ?? _actor?.StrategyForChildren() ?? SupervisorStrategy.DefaultStrategy;
        CurrentSender = failed.Child;
        if (!strategy.HandleFailure(this, failed.Child, failed.Cause, stats, Children.Stats()))
        {
            throw new EscalatedFailure(failed.Child, failed.Cause);
        }
    }

    private void FaultSuspend()
    {
        _mailbox.Suspend();
        SuspendChildren(null);
    }

    private void FaultResume(Exception? causedByFailure)
    {
        if (_actor is null)
        {
            FaultCreate();
            return;
        }

        if (!Children.IsTerminating && _actor is not null)
        {
            _mailbox.Resume();
            IActorRef? perpetrator = _failedBy;
            if (causedByFailure is not null)
            {
                _failedBy = null;
            }

            ResumeChildren(causedByFailure, perpetrator);
        }
    }

    /// <summary>The actor failed while it was being made: make it anew once its children are gone.</summary>
    private void FaultCreate()
    {
        CancelReceiveTimeout();
        foreach (IInternalActorRef child in Children.Refs())
        {
            Stop(child);
        }

        if (!Children.SetTerminationReason(SuspendReason.Creation.Instance))
        {
            FinishCreate();
        }
    }

    private void FinishCreate()
    {
        _mailbox.Resume();
        _failedBy = null;
        try
        {
            Create();
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
    }

    private void FaultRecreate(Exception cause)
    {
        if (_actor is null)
        {
            FaultCreate();
            return;
        }

        if (!Children.IsNormal)
        {
            // Another restart or the termination is under way already; this one only has to be undone.
            FaultResume(null);
            return;
        }

        ActorBase failed = _actor;
        CancelReceiveTimeout();
        _receiveTimeout = null;
        try
        {
            failed.AroundPreRestart(cause, CurrentMessage);
        }
        catch (Exception restartFailure)
        {
            PreRestartException report = new(SelfRef, restartFailure, cause, CurrentMessage);
            System.EventStream.Publish(new Error(report, SelfRef.Path.ToString(), failed.GetType(), restartFailure.Message));
        }

        ReleaseIncarnation();
        if (!Children.SetTerminationReason(new SuspendReason.Recreation(cause)))
        {
            FinishRecreate(cause);
        }
    }

    private void FinishRecreate(Exception cause)
    {
        IInternalActorRef[] survivors = Children.Refs();
        try
        {
            _mailbox.Resume();
            _failedBy = null;
            CurrentMessage = null;
            _actor = NewActor();
            _actor.AroundPostRestart(cause, null);
            ScheduleReceiveTimeout();
            foreach (IInternalActorRef child in survivors)
            {
                child.Restart(cause);
            }
        }
        catch (Exception failure)
        {
            ReleaseIncarnation();
            _actor = null;
            HandleInvokeFailure(new PostRestartException(SelfRef, failure, cause), survivors);
        }
    }

    private void Terminate()
    {
        if (Children.IsTerminating)
        {
            return;
        }

        CancelReceiveTimeout();
        _receiveTimeout = null;
        UnwatchAll();
        Children.Close();
        foreach (IInternalActorRef child in Children.Refs())
        {
            Stop(child);
        }

        if (Children.SetTerminationReason(SuspendReason.Termination.Instance))
        {
            // No user message any more; failures of what is already stopping don't matter.
            _mailbox.Suspend();
            _failedBy = SelfRef;
        }
        else
        {
            FinishTerminate();
        }
    }

    private void FinishTerminate()
    {
        ActorBase? actor = _actor;
        try
        {
            actor?.AroundPostStop();
        }
        catch (Exception failure)
        {
            System.EventStream.Publish(new Error(failure, SelfRef.Path.ToString(), actor!.GetType(), failure.Message));
        }

        ReleaseIncarnation();
        _mailbox.Close();
        ParentRef.SendSystemMessage(new DeathWatchNotification(SelfRef, existenceConfirmed: true));
        TellWatchersWeDied();
        UnwatchAll();
        _actor = null;
        _behaviours.Clear();
        CurrentMessage = null;
        CurrentSender = null;
    }

    /// <summary>Carries a child's failure out of the turn that decided to escalate it.</summary>
    private sealed class EscalatedFailure(IActorRef child, Exception cause) : Exception(cause.Message, cause)
    {
        public IActorRef Child { get; } = child;
    }
}
