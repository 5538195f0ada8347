using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>
/// What surrounds an actor: its mailbox, children, watches, behaviours. Survives restarts of the actor instance.
/// Everything here belongs to the actor's own turns, except what says "any thread".
/// </summary>
internal sealed partial class ActorCell : IUntypedActorContext, ICell
{
    [ThreadStatic]
    private static ActorCell? _current;

    private readonly Mailbox _mailbox;
    private readonly List<Receive> _behaviours = new(1);
    private ActorBase? _actor;
    private Action? _onIncarnated;
    private StashBuffer? _stash;
    private TimerScheduler? _timers;

    public ActorCell(ActorSystemImpl system, IInternalActorRef self, Props props, MessageDispatcher dispatcher, IInternalActorRef parent)
    {
        SystemImpl = system;
        SelfRef = self;
        Props = props;
        Dispatcher = dispatcher;
        ParentRef = parent;
        _mailbox = new Mailbox(this, dispatcher);
        Children = new ChildrenContainer();
    }

    /// <summary>The cell whose turn runs on this thread.</summary>
    public static ActorCell? Current
    {
        get => _current;
        set => _current = value;
    }

    public static IActorRef CurrentSelfOrNoSender => _current?.SelfRef ?? ActorRefs.NoSender;

    public static IActorRef CurrentSenderOrNoSender => _current is { } cell ? cell.Sender : ActorRefs.NoSender;

    public ActorSystemImpl SystemImpl { get; }

    public ActorSystem System => SystemImpl;

    public IInternalActorRef SelfRef { get; }

    public IActorRef Self => SelfRef;

    public IInternalActorRef ParentRef { get; }

    public IActorRef Parent => ParentRef;

    public Props Props { get; }

    public MessageDispatcher Dispatcher { get; }

    public object? CurrentMessage { get; private set; }

    public IActorRef? CurrentSender { get; private set; }

    public IActorRef Sender => CurrentSender ?? SystemImpl.DeadLetters;

    /// <summary>Any thread.</summary>
    public bool IsTerminated => _mailbox.IsClosed;

    /// <summary>Any thread.</summary>
    public bool HasMessages => _mailbox.HasMessages;

    /// <summary>Any thread; exact in the actor's own turn.</summary>
    public int NumberOfMessages => _mailbox.NumberOfMessages;

    public ActorBase? Actor => _actor;

    /// <summary>Counts messages, so that one message can't be stashed twice.</summary>
    public long CurrentMessageNumber { get; private set; }

    /// <summary>Any thread.</summary>
    public void SendMessage(object message, IActorRef? sender) => _mailbox.Enqueue(message, sender);

    /// <summary>Any thread.</summary>
    public void SendSystemMessage(SystemMessage message) => _mailbox.EnqueueSystem(message);

    public void PrependToMailbox(MailboxNode first, MailboxNode last) => _mailbox.Prepend(first, last);

    public void SuspendMailbox() => _mailbox.Suspend();

    /// <summary>One turn: a user message. Never throws; a failure goes to the supervisor.</summary>
    public void Invoke(object message, IActorRef? sender)
    {
        CurrentMessage = message;
        CurrentSender = sender;
        CurrentMessageNumber++;
        bool resetsReceiveTimeout = _receiveTimeout is not null && message is not INotInfluenceReceiveTimeout;
        if (resetsReceiveTimeout)
        {
            CancelReceiveTimeout();
        }

        try
        {
            if (message is IAutoReceivedMessage)
            {
                AutoReceive(message);
            }
            else
            {
                ReceiveMessage(message);
            }

            CurrentMessage = null;
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }

        if (resetsReceiveTimeout || _receiveTimeoutIsNew)
        {
            ScheduleReceiveTimeout();
        }
    }

    public void WithMessage(object? message, IActorRef? sender, Action action)
    {
        CurrentMessage = message;
        CurrentSender = sender;
        action();
        CurrentMessage = null;
    }

    public void SetInitialBehaviour(Receive receive)
    {
        _behaviours.Clear();
        _behaviours.Add(receive);
    }

    /// <summary>Called once when the constructor of the actor that is being made has ended.</summary>
    public void OnIncarnated(Action action) => _onIncarnated = action;

    public void Become(Receive receive) => _behaviours[^1] = receive;

    public void BecomeStacked(Receive receive) => _behaviours.Add(receive);

    public void UnbecomeStacked()
    {
        if (_behaviours.Count > 1)
        {
            _behaviours.RemoveAt(_behaviours.Count - 1);
        }
    }

    public void Become(UntypedReceive receive) => Become(AsReceive(receive));

    public void BecomeStacked(UntypedReceive receive) => BecomeStacked(AsReceive(receive));

    public ActorSelection ActorSelection(ActorPath actorPath) => SystemImpl.ActorSelection(actorPath);

    public ActorSelection ActorSelection(string actorPath) => Akka.Actor.ActorSelection.Parse(actorPath, SystemImpl, SelfRef);

    private static Receive AsReceive(UntypedReceive receive) => message =>
    {
        receive(message);
        return true;
    };

    private void ReceiveMessage(object message) => _actor!.AroundReceive(_behaviours[^1], message);

    private void AutoReceive(object message)
    {
        switch (message)
        {
            case TimerMessage timer:
                if (_timers?.TryTake(timer) is { } timerMessage)
                {
                    CurrentMessage = timerMessage;
                    CurrentSender = timer.Sender;
                    ReceiveTimerMessage(timerMessage);
                }

                break;
            case PoisonPill:
                SelfRef.Stop();
                break;
            case Kill:
                throw new ActorKilledException("Kill");
            case Terminated terminated:
                ReceiveTerminated(terminated);
                break;
            case Identify identify:
                Sender.Tell(new ActorIdentity(identify.MessageId, Self), Self);
                break;
            default:
                ReceiveMessage(message);
                break;
        }
    }

    private void ReceiveTimerMessage(object message)
    {
        if (message is IAutoReceivedMessage)
        {
            AutoReceive(message);
        }
        else
        {
            ReceiveMessage(message);
        }
    }

    /// <summary>Makes the instance and gives it what its interfaces ask for.</summary>
    private ActorBase NewActor()
    {
        _behaviours.Clear();
        _onIncarnated = null;
        ActorBase actor = Props.NewActor();
        if (!ReferenceEquals(actor.OwnCell, this) || _behaviours.Count == 0)
        {
            throw new ActorInitializationException(SelfRef, $"Props returned an instance of [{actor.GetType()}] that was made before; each incarnation needs a fresh one.");
        }

        if (actor is IActorStash stashing)
        {
            _stash = new StashBuffer(this, Props.StashCapacity);
            stashing.Stash = _stash;
        }

        if (actor is IWithTimers withTimers)
        {
            _timers = new TimerScheduler(this);
            withTimers.Timers = _timers;
        }

        _onIncarnated?.Invoke();
        _onIncarnated = null;
        return actor;
    }

    /// <summary>What must not outlive an incarnation: timers stop, stashed messages go back to the mailbox.</summary>
    private void ReleaseIncarnation()
    {
        _timers?.CancelAll();
        _timers = null;
        _stash?.UnstashAll();
        _stash = null;
    }
}
