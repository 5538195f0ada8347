namespace Akka.Dispatch;

/// <summary>Decides which threads run the mailboxes of its actors, and for how long at a time.</summary>
public abstract class MessageDispatcher
{
    private protected MessageDispatcher(string id, int throughput)
    {
        Id = id;
        Throughput = throughput;
    }

    /// <summary>The path of its settings, as given to <c>Props.WithDispatcher</c>.</summary>
    public string Id { get; }

    /// <summary>How many messages an actor may process before it makes room for others (default 30).</summary>
    public int Throughput { get; }

    /// <summary>Whether actors run in a synchronization context, in which the outcomes of their tasks then come back as well.</summary>
    internal virtual bool RunsInContext => false;

    /// <summary>Runs <paramref name="run"/> on one of this dispatcher's threads.</summary>
    public abstract void Schedule(Action run);

    /// <param name="mailbox">A mailbox that has just become "scheduled".</param>
    /// <param name="fromTurn">It has used up its turn and wants another: others go first.</param>
    internal abstract void Execute(Mailbox mailbox, bool fromTurn);

    internal virtual void Shutdown()
    {
    }
}
