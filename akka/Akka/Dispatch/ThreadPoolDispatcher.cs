namespace Akka.Dispatch;

/// <summary>Runs mailboxes on the .NET thread pool.</summary>
internal sealed class ThreadPoolDispatcher(string id, int throughput) : MessageDispatcher(id, throughput)
{
    /// <summary>
    /// A thread's own queue is last in, first out and goes before the pool's shared one: fast for actors that answer each
    /// other, but two such actors could keep a thread for good. So every so many hand-overs go through the shared queue,
    /// behind all that waits there. 15 keep that wait in microseconds and cost little.
    /// </summary>
    private const int LocalRunsInARow = 15;

    [ThreadStatic]
    private static int _localRuns;

    public override void Schedule(Action run) =>
        ThreadPool.UnsafeQueueUserWorkItem(static action => action(), run, preferLocal: false);

    internal override void Execute(Mailbox mailbox, bool fromTurn)
    {
        bool preferLocal = !fromTurn;
        if (preferLocal && ++_localRuns > LocalRunsInARow)
        {
            _localRuns = 0;
            preferLocal = false;
        }

        ThreadPool.UnsafeQueueUserWorkItem(mailbox, preferLocal);
    }
}
