namespace Akka.Dispatch;

/// <summary>
/// Runs mailboxes in the synchronization context that is current when the dispatcher is first looked up (<c>SynchronizedDispatcher</c>): a user
/// interface's thread, or a test that decides itself what runs next.
/// </summary>
internal sealed class CurrentSynchronizationContextDispatcher(string id, int throughput, SynchronizationContext context) : MessageDispatcher(id, throughput)
{
    internal override bool RunsInContext => true;

    public override void Schedule(Action run) => context.Post(static state => ((Action)state!)(), run);

    internal override void Execute(Mailbox mailbox, bool fromTurn) => context.Post(static state => ((Mailbox)state!).Run(), mailbox);
}
