namespace Akka.Actor;

/// <summary>Messages that an actor has put aside.</summary>
public interface IStash
{
    int Count { get; }

    bool IsEmpty { get; }

    bool NonEmpty { get; }

    bool IsFull { get; }

    /// <summary>The most it holds; -1 for no bound.</summary>
    int Capacity { get; }

    /// <summary>Puts the current message aside.</summary>
    /// <exception cref="IllegalActorStateException">It has been put aside already.</exception>
    /// <exception cref="StashOverflowException">The stash is full.</exception>
    void Stash();

    /// <summary>Puts the oldest message back, before all that wait in the mailbox.</summary>
    void Unstash();

    /// <summary>Puts all messages back, before all that wait in the mailbox, in the order they came.</summary>
    void UnstashAll();

    /// <summary>Puts back the messages that fit <paramref name="predicate"/>; the stash is empty afterwards.</summary>
    void UnstashAll(Func<Envelope, bool> predicate);

    /// <summary>Takes all messages out.</summary>
    IEnumerable<Envelope> ClearStash();

    /// <summary>Adds messages in front of those in the stash.</summary>
    void Prepend(IEnumerable<Envelope> envelopes);
}

/// <summary>An actor that gets a stash before <c>PreStart</c>.</summary>
public interface IActorStash
{
    IStash Stash { get; set; }
}

public interface IWithUnrestrictedStash : IActorStash
{
}

/// <summary>The stash is bounded if Props say so.</summary>
public interface IWithStash : IWithUnrestrictedStash, Dispatch.IRequiresMessageQueue<Dispatch.IDequeBasedMessageQueueSemantics>
{
}

public interface IWithUnboundedStash : IWithUnrestrictedStash, Dispatch.IRequiresMessageQueue<Dispatch.IUnboundedDequeBasedMessageQueueSemantics>
{
}
