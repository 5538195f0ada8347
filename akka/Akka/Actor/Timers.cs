namespace Akka.Actor;

/// <summary>An actor that gets timers before <c>PreStart</c>.</summary>
public interface IWithTimers
{
    ITimerScheduler Timers { get; set; }
}

/// <summary>
/// Timers that send messages to the actor itself. They end with the incarnation, and a message of a timer that was
/// cancelled or replaced is never delivered, even if it is in the mailbox already.
/// </summary>
public interface ITimerScheduler
{
    /// <summary>The keys of all running timers.</summary>
    IReadOnlyCollection<object> ActiveTimers { get; }

    void StartPeriodicTimer(object key, object msg, TimeSpan interval);

    void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender);

    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval);

    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender);

    /// <summary>Starts a timer that fires once; one with the same key is cancelled first.</summary>
    void StartSingleTimer(object key, object msg, TimeSpan timeout);

    void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender);

    bool IsTimerActive(object key);

    void Cancel(object key);

    void CancelAll();
}
