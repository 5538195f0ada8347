using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>The reference that takes the one answer to an ask.</summary>
internal sealed class FutureActorRef<T>(ActorSystemImpl system) : MinimalActorRef
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ActorPath? _path;

    /// <summary>Whoever asks for the path may answer by it, from another node even: from then on it is found by it.</summary>
    public override ActorPath Path => _path ?? RegisteredPath();

    public Task<T> Answer => _answer.Task;

    /// <summary>What ends the wait without an answer; called off by the answer, in the turn that brings it. Set before the question is sent.</summary>
    public ICancelable? Timer { get; set; }

    internal override ActorSystemImpl SystemOfRef => system;

    public bool Fail(Exception cause) => Ended(_answer.TrySetException(cause));

    public bool Cancel(CancellationToken token)
    {
        Timer?.Cancel();
        return Ended(_answer.TrySetCanceled(token));
    }

    internal override void SystemTell(SystemMessage message)
    {
        if (message is DeathWatchNotification died && new Terminated(died.Actor, died.ExistenceConfirmed, died.AddressTerminated) is T terminated)
        {
            Ended(_answer.TrySetResult(terminated));
        }
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        bool taken = message switch
        {
            Status.Failure failure when typeof(T) != typeof(Status.Failure) && typeof(T) != typeof(Status) =>
                Fail(failure.Cause ?? new TaskCanceledException("Task cancelled by actor via Failure message.")),
            T answer => Ended(_answer.TrySetResult(answer)),
            _ => Fail(new ArgumentException(
                $"Received message of type [{message.GetType()}] - Ask expected message of type [{typeof(T)}]")),
        };

        if (taken)
        {
            Timer?.Cancel();
        }
        else if (!_answer.Task.IsCanceled)
        {
            system.DeadLetterRef.UserMessageLost(message, sender, this);
        }
    }

    private ActorPath RegisteredPath()
    {
        ActorPath path = system.Provider.TempPath();
        if (Interlocked.CompareExchange(ref _path, path, null) is { } earlier)
        {
            return earlier;
        }

        system.Provider.RegisterTemp(this, path);
        if (_answer.Task.IsCompleted)
        {
            system.Provider.UnregisterTemp(path);
        }

        return path;
    }

    private bool Ended(bool byThis)
    {
        if (Volatile.Read(ref _path) is { } path)
        {
            system.Provider.UnregisterTemp(path);
        }

        return byThis;
    }
}
