using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>The reference that takes the one answer to an ask.</summary>
internal sealed class FutureActorRef<T>(ActorSystemImpl system) : MinimalActorRef
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ActorPath? _path;

    public override ActorPath Path => _path ??= system.NextTempPath();

    public Task<T> Answer => _answer.Task;

    /// <summary>What ends the wait without an answer; called off by the answer, in the turn that brings it. Set before the question is sent.</summary>
    public ICancelable? Timer { get; set; }

    internal override ActorSystemImpl SystemOfRef => system;

    public bool Fail(Exception cause) => _answer.TrySetException(cause);

    public bool Cancel(CancellationToken token)
    {
        Timer?.Cancel();
        return _answer.TrySetCanceled(token);
    }

    internal override void SystemTell(SystemMessage message)
    {
        if (message is DeathWatchNotification died && new Terminated(died.Actor, died.ExistenceConfirmed, false) is T terminated)
        {
            _answer.TrySetResult(terminated);
        }
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        bool taken = message switch
        {
            Status.Failure failure when typeof(T) != typeof(Status.Failure) && typeof(T) != typeof(Status) =>
                Fail(failure.Cause ?? new TaskCanceledException("Task cancelled by actor via Failure message.")),
            T answer => _answer.TrySetResult(answer),
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
}
