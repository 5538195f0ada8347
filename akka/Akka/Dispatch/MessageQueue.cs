using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>
/// An unbounded queue of many producers and one consumer (after Vyukov): a linked list that always holds one spent
/// node. A producer swaps itself in as the last node and then links its predecessor to itself.
/// Invariant A1: a queue whose <see cref="_last"/> is its <see cref="_spent"/> is empty. Emptiness is judged by these
/// two and never by a missing link, since a producer may stand between its two steps.
/// </summary>
internal sealed class MessageQueue
{
    private MailboxNode _spent;
    private MailboxNode _last;

    /// <summary>What the consumer itself has put in front (unstashed messages); nobody else touches it.</summary>
    private MailboxNode? _front;

    public MessageQueue()
    {
        _spent = new MailboxNode(null, null);
        _last = _spent;
    }

    /// <summary>Any thread. A full memory barrier: what follows sees what any earlier consumer step published.</summary>
    public void Enqueue(MailboxNode node)
    {
        MailboxNode previous = Interlocked.Exchange(ref _last, node);
        Volatile.Write(ref previous.Next, node);
    }

    /// <summary>Consumer only: puts messages before all others; the first one given will be the first out.</summary>
    public void Prepend(MailboxNode first, MailboxNode last)
    {
        last.Next = _front;
        _front = first;
    }

    /// <summary>Exact for the consumer; a hint for others.</summary>
    public bool IsEmpty => _front is null && ReferenceEquals(_spent, Volatile.Read(ref _last));

    /// <summary>Consumer only.</summary>
    public bool TryDequeue(out object message, out IActorRef? sender)
    {
        MailboxNode? node = _front;
        if (node is not null)
        {
            _front = node.Next;
        }
        else
        {
            node = NextShared();
            if (node is null)
            {
                message = null!;
                sender = null;
                return false;
            }

            _spent = node;
        }

        message = node.Message!;
        sender = node.Sender;
        node.Message = null;
        node.Sender = null;
        return true;
    }

    /// <summary>How many messages wait; walks the queue, so for diagnosis only. Exact for the consumer; a hint for others.</summary>
    public int Count()
    {
        int count = 0;
        for (MailboxNode? node = _front; node is not null; node = node.Next)
        {
            count++;
        }

        for (MailboxNode? node = Volatile.Read(ref _spent.Next); node is not null; node = Volatile.Read(ref node.Next))
        {
            count++;
        }

        return count;
    }

    private MailboxNode? NextShared()
    {
        MailboxNode? next = Volatile.Read(ref _spent.Next);
        if (next is not null || ReferenceEquals(_spent, Volatile.Read(ref _last)))
        {
            return next;
        }

        // A producer is between its swap and its link: two instructions away, unless it was preempted there.
        SpinWait spin = default;
        while ((next = Volatile.Read(ref _spent.Next)) is null)
        {
            spin.SpinOnce();
        }

        return next;
    }
}
