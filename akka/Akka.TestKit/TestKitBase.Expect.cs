using Akka.Actor;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>The next message must be a <typeparamref name="T"/>.</summary>
    public T ExpectMsg<T>(TimeSpan? duration = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(duration), cancellationToken), static (_, _) => { }, duration, hint);

    /// <summary>The next message must equal <paramref name="message"/>.</summary>
    public T ExpectMsg<T>(T message, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(timeout), cancellationToken), (actual, _) => _assertions.AssertEqual(message, actual, hint ?? ""), timeout, hint);

    /// <summary>The next message must be a <typeparamref name="T"/> that fits.</summary>
    public T ExpectMsg<T>(Predicate<T> isMessage, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(timeout), cancellationToken), (actual, _) => Fits(isMessage(actual), actual, hint), timeout, hint);

    public T ExpectMsg<T>(Action<T> assert, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(timeout), cancellationToken), (actual, _) => assert(actual), timeout, hint);

    public T ExpectMsg<T>(Func<T, IActorRef, bool> isMessageAndSender, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(timeout), cancellationToken), (actual, sender) => Fits(isMessageAndSender(actual, sender), actual, hint), timeout, hint);

    public T ExpectMsg<T>(Action<T, IActorRef> assertMessageAndSender, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked(Take(Wait(timeout), cancellationToken), assertMessageAndSender, timeout, hint);

    public async ValueTask<T> ExpectMsgAsync<T>(TimeSpan? duration = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(await TakeAsync(Wait(duration), cancellationToken), static (_, _) => { }, duration, hint);

    public async ValueTask<T> ExpectMsgAsync<T>(T message, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(await TakeAsync(Wait(timeout), cancellationToken), (actual, _) => _assertions.AssertEqual(message, actual, hint ?? ""), timeout, hint);

    public async ValueTask<T> ExpectMsgAsync<T>(Predicate<T> isMessage, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(await TakeAsync(Wait(timeout), cancellationToken), (actual, _) => Fits(isMessage(actual), actual, hint), timeout, hint);

    public async ValueTask<T> ExpectMsgAsync<T>(Action<T> assert, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(await TakeAsync(Wait(timeout), cancellationToken), (actual, _) => assert(actual), timeout, hint);

    public async ValueTask<T> ExpectMsgAsync<T>(Func<T, IActorRef, bool> isMessageAndSender, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(await TakeAsync(Wait(timeout), cancellationToken), (actual, sender) => Fits(isMessageAndSender(actual, sender), actual, hint), timeout, hint);

    /// <summary>The next message must be a <typeparamref name="T"/> from <paramref name="sender"/>.</summary>
    public T ExpectMsgFrom<T>(IActorRef sender, TimeSpan? duration = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(Take(Wait(duration), cancellationToken), (_, actual) => _assertions.AssertEqual(sender, actual, hint ?? ""), duration, hint);

    public T ExpectMsgFrom<T>(IActorRef sender, T message, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Checked<T>(
            Take(Wait(timeout), cancellationToken),
            (actual, from) =>
            {
                _assertions.AssertEqual(sender, from, hint ?? "");
                _assertions.AssertEqual(message, actual, hint ?? "");
            },
            timeout,
            hint);

    /// <summary>The next messages must be these, in any order.</summary>
    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(params T[] messages) => ExpectMsgAllOf(RemainingOrDefault, messages);

    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(TimeSpan max, params T[] messages)
    {
        List<object> received = [.. ReceiveN(messages.Length, max)];
        List<object> unexpected = [.. received];
        foreach (T message in messages)
        {
            if (!unexpected.Remove(message!))
            {
                Failed($"not found {message} in {string.Join(", ", received)}");
            }
        }

        return [.. received.Cast<T>()];
    }

    /// <summary>The next message must tell of that actor's end; it has to be watched.</summary>
    public Terminated ExpectTerminated(IActorRef target, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectMsg<Terminated>(terminated => terminated.ActorRef.Equals(target), timeout, hint ?? $"Terminated: {target}", cancellationToken);

    public ValueTask<Terminated> ExpectTerminatedAsync(IActorRef target, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectMsgAsync<Terminated>(terminated => terminated.ActorRef.Equals(target), timeout, hint ?? $"Terminated: {target}", cancellationToken);

    private T Checked<T>(ReceivedMessage? received, Action<T, IActorRef> check, TimeSpan? wait, string? hint)
    {
        string about = hint is null ? "" : $" [{hint}]";
        if (received is null)
        {
            Failed($"Failed: Timeout {Wait(wait)} while waiting for a message of type {typeof(T)}{about}");
        }

        if (received!.Message is not T message)
        {
            Failed($"Failed: Expected a message of type {typeof(T)}{about}, but received {{{received.Message}}} (type {received.Message.GetType()}) instead from {received.Sender}");
            return default!;
        }

        check(message, received.Sender);
        return message;
    }

    private void Fits(bool fits, object? actual, string? hint)
    {
        if (!fits)
        {
            Failed($"Got a message of the expected type, but it did not satisfy the predicate: {actual} {hint}");
        }
    }
}
