using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>
/// The queues of one actor and the right to run it. <see cref="_status"/> is one word: bit 0 "scheduled" (somebody owns
/// the turn), bit 1 "closed" (what arrives are dead letters), the rest counts suspensions.
/// Invariant A2: whoever sets "scheduled" runs the mailbox once; whoever clears it looks at the queues again. Enqueueing
/// and clearing are both full barriers, so a message can't fall between.
/// </summary>
internal sealed class Mailbox : IThreadPoolWorkItem
{
    private const int Scheduled = 1;
    private const int Closed = 2;
    private const int SuspendUnit = 4;

    private readonly MessageQueue _user = new();
    private readonly ActorCell _cell;
    private readonly MessageDispatcher _dispatcher;
    private SystemMessage? _system;
    private int _status;

    public Mailbox(ActorCell cell, MessageDispatcher dispatcher)
    {
        _cell = cell;
        _dispatcher = dispatcher;
    }

    public bool IsClosed => (Volatile.Read(ref _status) & Closed) != 0;

    public bool HasMessages => !_user.IsEmpty;

    public int NumberOfMessages => _user.Count();

    private bool IsSuspended => Volatile.Read(ref _status) >= SuspendUnit;

    private bool HasSystemMessages => Volatile.Read(ref _system) is not null;

    /// <summary>Any thread: queues a message and sees to it that the mailbox runs.</summary>
    public void Enqueue(object message, IActorRef? sender)
    {
        _user.Enqueue(new MailboxNode(message, sender));
        int status = Volatile.Read(ref _status);
        if ((status & Scheduled) == 0)
        {
            TrySchedule(fromTurn: false);
        }
    }

    public void EnqueueSystem(SystemMessage message)
    {
        SystemMessage? head;
        do
        {
            head = Volatile.Read(ref _system);
            message.Next = head;
        }
        while (Interlocked.CompareExchange(ref _system, message, head) != head);
        TrySchedule(fromTurn: false);
    }

    /// <summary>The actor's own turn only.</summary>
    public void Prepend(MailboxNode first, MailboxNode last) => _user.Prepend(first, last);

    /// <summary>No user message runs until as many <see cref="Resume"/> calls were made. The actor's own turn only.</summary>
    public void Suspend() => Interlocked.Add(ref _status, SuspendUnit);

    public void Resume()
    {
        if (IsSuspended)
        {
            Interlocked.Add(ref _status, -SuspendUnit);
        }
    }

    /// <summary>From now on messages are dead letters; what is queued becomes such at the end of this turn.</summary>
    public void Close() => Interlocked.Or(ref _status, Closed);

    void IThreadPoolWorkItem.Execute() => Run();

    public void Run()
    {
        ActorCell? outer = ActorCell.Current;
        ActorCell.Current = _cell;
        try
        {
            ProcessSystemMessages();
            ProcessUserMessages();
            if (IsClosed)
            {
                DrainToDeadLetters();
            }
        }
        finally
        {
            ActorCell.Current = outer;
            Interlocked.And(ref _status, ~Scheduled);
            TrySchedule(fromTurn: true);
        }
    }

    private void ProcessUserMessages()
    {
        int left = _dispatcher.Throughput;
        while (left-- > 0 && Volatile.Read(ref _status) == Scheduled && _user.TryDequeue(out object message, out IActorRef? sender))
        {
            _cell.Invoke(message, sender);
            if (HasSystemMessages)
            {
                ProcessSystemMessages();
            }
        }
    }

    private void ProcessSystemMessages()
    {
        while (HasSystemMessages && !IsClosed)
        {
            SystemMessage? message = TakeSystemMessages();
            while (message is not null)
            {
                SystemMessage? next = message.Next;
                message.Next = null;
                if (IsClosed)
                {
                    _cell.SystemImpl.DeadLetterRef.SystemMessageLost(message);
                }
                else
                {
                    _cell.SystemInvoke(message);
                }

                message = next;
            }
        }
    }

    /// <summary>All system messages that have arrived, oldest first.</summary>
    private SystemMessage? TakeSystemMessages()
    {
        SystemMessage? newest = Interlocked.Exchange(ref _system, null);
        SystemMessage? oldest = null;
        while (newest is not null)
        {
            SystemMessage? older = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = older;
        }

        return oldest;
    }

    private void DrainToDeadLetters()
    {
        DeadLetterActorRef deadLetters = _cell.SystemImpl.DeadLetterRef;
        for (SystemMessage? message = TakeSystemMessages(); message is not null;)
        {
            SystemMessage? next = message.Next;
            message.Next = null;
            deadLetters.SystemMessageLost(message);
            message = next;
        }

        while (_user.TryDequeue(out object message, out IActorRef? sender))
        {
            deadLetters.UserMessageLost(message, sender, _cell.SelfRef);
        }
    }

    private void TrySchedule(bool fromTurn)
    {
        int status = Volatile.Read(ref _status);
        while ((status & Scheduled) == 0 && HasWork(status))
        {
            int seen = Interlocked.CompareExchange(ref _status, status | Scheduled, status);
            if (seen == status)
            {
                _dispatcher.Execute(this, fromTurn);
                return;
            }

            status = seen;
        }
    }

    private bool HasWork(int status)
    {
        if (HasSystemMessages)
        {
            return true;
        }

        bool mayRunUserMessages = status < SuspendUnit || (status & Closed) != 0;
        return mayRunUserMessages && !_user.IsEmpty;
    }
}
