using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>The stash of one incarnation.</summary>
/// <param name="cell">Whose messages are stashed.</param>
/// <param name="capacity">The most messages held; negative for no bound.</param>
internal sealed class StashBuffer(ActorCell cell, int capacity) : IStash
{
    private readonly LinkedList<Envelope> _messages = [];
    private long _lastStashed = -1;

    public int Count => _messages.Count;

    public bool IsEmpty => _messages.Count == 0;

    public bool NonEmpty => _messages.Count > 0;

    public bool IsFull => capacity >= 0 && _messages.Count >= capacity;

    public int Capacity => capacity < 0 ? -1 : capacity;

    public void Stash()
    {
        object message = cell.CurrentMessage
            ?? throw new IllegalActorStateException("There is no current message to stash.");
        if (_lastStashed == cell.CurrentMessageNumber)
        {
            throw new IllegalActorStateException($"Can't stash the same message {message} more than once");
        }

        if (IsFull)
        {
            throw new StashOverflowException($"Couldn't enqueue message {message} to stash of {cell.Self}: it holds {Count} messages, as many as it may.");
        }

        _lastStashed = cell.CurrentMessageNumber;
        _messages.AddLast(new Envelope(message, cell.CurrentSender!));
    }

    public void Unstash()
    {
        if (_messages.First is { } first)
        {
            _messages.RemoveFirst();
            ToMailbox([first.Value]);
        }
    }

    public void UnstashAll() => ToMailbox(ClearStash());

    public void UnstashAll(Func<Envelope, bool> predicate) => ToMailbox(ClearStash().Where(predicate));

    public IEnumerable<Envelope> ClearStash()
    {
        Envelope[] all = [.. _messages];
        _messages.Clear();
        return all;
    }

    public void Prepend(IEnumerable<Envelope> envelopes)
    {
        foreach (Envelope envelope in envelopes.Reverse())
        {
            _messages.AddFirst(envelope);
        }
    }

    private void ToMailbox(IEnumerable<Envelope> envelopes)
    {
        MailboxNode? first = null;
        MailboxNode? last = null;
        foreach (Envelope envelope in envelopes)
        {
            MailboxNode node = new(envelope.Message, envelope.Sender);
            if (last is null)
            {
                first = node;
            }
            else
            {
                last.Next = node;
            }

            last = node;
        }

        if (first is not null)
        {
            cell.PrependToMailbox(first, last!);
            _lastStashed = -1;
        }
    }
}
