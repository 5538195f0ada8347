using System.Collections.Concurrent;

namespace Akka.Dispatch;

/// <summary>Runs mailboxes on threads of its own, for actors that may block (<c>ForkJoinDispatcher</c>).</summary>
internal sealed class DedicatedThreadsDispatcher : MessageDispatcher
{
    private readonly BlockingCollection<Action> _work = new(new ConcurrentQueue<Action>());

    public DedicatedThreadsDispatcher(string id, int throughput, int threadCount)
        : base(id, throughput)
    {
        for (int i = 0; i < threadCount; i++)
        {
            new Thread(RunUntilShutdown) { IsBackground = true, Name = $"{id}-{i}" }.Start();
        }
    }

    public override void Schedule(Action run)
    {
        if (!_work.IsAddingCompleted)
        {
            _work.Add(run);
        }
    }

    internal override void Execute(Mailbox mailbox, bool fromTurn) => Schedule(mailbox.Run);

    internal override void Shutdown() => _work.CompleteAdding();

    private void RunUntilShutdown()
    {
        foreach (Action run in _work.GetConsumingEnumerable())
        {
            run();
        }
    }
}
