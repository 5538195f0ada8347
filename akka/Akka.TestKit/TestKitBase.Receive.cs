namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>The next message, or null when none came in time.</summary>
    public object? ReceiveOne(TimeSpan? max = null, CancellationToken cancellationToken = default) =>
        Take(Wait(max), cancellationToken)?.Message;

    public async ValueTask<object?> ReceiveOneAsync(TimeSpan? max = null, CancellationToken cancellationToken = default) =>
        (await TakeAsync(Wait(max), cancellationToken))?.Message;

    /// <summary>Looks at the next message without taking it.</summary>
    public object? PeekOne(TimeSpan? max = null, CancellationToken cancellationToken = default)
    {
        _peeked ??= _queue.Take(Wait(max), cancellationToken);
        return _peeked?.Message;
    }

    /// <summary>That many messages.</summary>
    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, CancellationToken cancellationToken = default) =>
        ReceiveN(numberOfMessages, RemainingOrDefault, cancellationToken);

    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, TimeSpan max, CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Dilated(max);
        List<object> messages = [];
        while (messages.Count < numberOfMessages)
        {
            ReceivedMessage? received = Take(Positive(end - Now), cancellationToken);
            if (received is null)
            {
                Failed($"Timeout ({max}) while expecting {numberOfMessages} messages. Only got {messages.Count} after that time.");
            }

            messages.Add(received!.Message);
        }

        return messages;
    }

    /// <summary>Takes messages until one fits.</summary>
    public T FishForMessage<T>(Predicate<T> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(max);
        while (true)
        {
            ReceivedMessage? received = Take(Positive(end - Now), cancellationToken);
            if (received is null)
            {
                Failed($"Timeout ({Wait(max)}) during FishForMessage, hint: {hint}");
            }

            if (received!.Message is T message && isMessage(message))
            {
                return message;
            }
        }
    }

    public object FishForMessage(Predicate<object> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        FishForMessage<object>(isMessage, max, hint, cancellationToken);

    public async ValueTask<T> FishForMessageAsync<T>(Predicate<T> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(max);
        while (true)
        {
            ReceivedMessage? received = await TakeAsync(Positive(end - Now), cancellationToken);
            if (received is null)
            {
                Failed($"Timeout ({Wait(max)}) during FishForMessage, hint: {hint}");
            }

            if (received!.Message is T message && isMessage(message))
            {
                return message;
            }
        }
    }

    /// <summary>Fails when a message comes within the default time.</summary>
    public void ExpectNoMsg(CancellationToken cancellationToken = default) => ExpectNoMsg(RemainingOrDefault, cancellationToken);

    public void ExpectNoMsg(TimeSpan duration, CancellationToken cancellationToken = default)
    {
        if (Take(Dilated(duration), cancellationToken) is { } received)
        {
            Failed($"Expected no messages during the duration, instead we received {received.Message} from {received.Sender}");
        }
    }

    public void ExpectNoMsg(int milliseconds, CancellationToken cancellationToken = default) =>
        ExpectNoMsg(TimeSpan.FromMilliseconds(milliseconds), cancellationToken);

    public ValueTask ExpectNoMsgAsync(CancellationToken cancellationToken = default) => ExpectNoMsgAsync(RemainingOrDefault, cancellationToken);

    public async ValueTask ExpectNoMsgAsync(TimeSpan duration, CancellationToken cancellationToken = default)
    {
        if (await TakeAsync(Dilated(duration), cancellationToken) is { } received)
        {
            Failed($"Expected no messages during the duration, instead we received {received.Message} from {received.Sender}");
        }
    }

    public ValueTask ExpectNoMsgAsync(int milliseconds, CancellationToken cancellationToken = default) =>
        ExpectNoMsgAsync(TimeSpan.FromMilliseconds(milliseconds), cancellationToken);

    private TimeSpan Wait(TimeSpan? max) => RemainingOrDilated(max);

    private ReceivedMessage? Take(TimeSpan wait, CancellationToken token)
    {
        ReceivedMessage? received = _peeked ?? _queue.Take(wait, token);
        _peeked = null;
        _last = received ?? _last;
        return received;
    }

    private async Task<ReceivedMessage?> TakeAsync(TimeSpan wait, CancellationToken token)
    {
        ReceivedMessage? received = _peeked ?? await _queue.TakeAsync(wait, token);
        _peeked = null;
        _last = received ?? _last;
        return received;
    }

    private void Failed(string message) => _assertions.Fail(message.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
}
