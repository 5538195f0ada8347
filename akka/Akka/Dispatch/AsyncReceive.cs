using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>
/// One asynchronous receive of an actor: a task scheduler whose tasks run inside the actor's turns, with the message
/// and sender that the receive began with. The mailbox is suspended until the receive has ended.
/// </summary>
internal sealed class AsyncReceive : TaskScheduler
{
    private readonly ActorCell _cell;
    private readonly object? _message;
    private readonly IActorRef? _sender;

    /// <summary>True while a step of this very receive runs: only then may a continuation run in its place.</summary>
    private bool _stepping;

    private AsyncReceive(ActorCell cell)
    {
        _cell = cell;
        _message = cell.CurrentMessage;
        _sender = cell.CurrentSender;
    }

    /// <summary>Starts <paramref name="handler"/> in the current turn; suspends the mailbox if it does not end there.</summary>
    public static void Run(ActorCell cell, Func<Task> handler)
    {
        AsyncReceive receive = new(cell);
        Task<Task> start = new(handler, CancellationToken.None, TaskCreationOptions.DenyChildAttach);
        receive.Step(() => start.RunSynchronously(receive));
        Task all = start.Unwrap();
        if (all.IsCompletedSuccessfully)
        {
            return;
        }

        cell.SuspendMailbox();
        all.ContinueWith(
            static (ended, state) => ((AsyncReceive)state!).Ended(ended),
            receive,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            Default);
    }

    /// <summary>Runs in the actor's turn.</summary>
    public void RunStep(Task step) => _cell.WithMessage(_message, _sender, () => Step(() => TryExecuteTask(step)));

    /// <summary>Runs in the actor's turn, with the receive's message as the current one.</summary>
    public void InContext(Action action) => _cell.WithMessage(_message, _sender, action);

    protected override void QueueTask(Task task) => _cell.SendSystemMessage(new ActorTaskMessage(this, task, null));

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && _stepping && ReferenceEquals(ActorCell.Current, _cell) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    // Not with a context of the dispatcher's: awaits would go on there, beside the actor's turns, and not through this scheduler.
    private void Step(Action run)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _stepping = true;
        try
        {
            run();
        }
        finally
        {
            _stepping = false;
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void Ended(Task ended)
    {
        Exception? failure = ended.IsCanceled
            ? new TaskCanceledException(ended)
            : ended.Exception is { InnerExceptions: [Exception only] } ? only : ended.Exception;
        _cell.SendSystemMessage(new ActorTaskMessage(this, null, failure));
    }
}
