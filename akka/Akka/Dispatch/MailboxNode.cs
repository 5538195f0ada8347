using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>The envelope of one message and, at once, its link in a mailbox: the only allocation of a tell.</summary>
internal sealed class MailboxNode
{
    public object? Message;
    public IActorRef? Sender;
    public MailboxNode? Next;

    public MailboxNode(object? message, IActorRef? sender)
    {
        Message = message;
        Sender = sender;
    }
}
