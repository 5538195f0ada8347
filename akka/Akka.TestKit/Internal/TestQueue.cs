using Akka.Actor;

namespace Akka.TestKit;

/// <summary>A message as the test actor received it.</summary>
internal sealed record ReceivedMessage(object Message, IActorRef Sender);

/// <summary>What the test actor received and the test has not yet looked at.</summary>
internal sealed class TestQueue
{
    private readonly Lock _lock = new();
    private readonly Queue<ReceivedMessage> _messages = new();
    private readonly SemaphoreSlim _available = new(0);

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _messages.Count == 0;
            }
        }
    }

    public void Add(ReceivedMessage message)
    {
        lock (_lock)
        {
            _messages.Enqueue(message);
        }

        _available.Release();
    }

    /// <summary>The next message, or null when none came in time; a negative wait is endless.</summary>
    public ReceivedMessage? Take(TimeSpan wait, CancellationToken token) => _available.Wait(Bounded(wait), token) ? Dequeue() : null;

    public async Task<ReceivedMessage?> TakeAsync(TimeSpan wait, CancellationToken token) =>
        await _available.WaitAsync(Bounded(wait), token).ConfigureAwait(false) ? Dequeue() : null;

    private static TimeSpan Bounded(TimeSpan wait) => wait < TimeSpan.Zero ? Timeout.InfiniteTimeSpan : wait;

    private ReceivedMessage Dequeue()
    {
        lock (_lock)
        {
            return _messages.Dequeue();
        }
    }
}

/// <summary>The actor that collects a test's messages, watches for it and ignores what it is told to.</summary>
internal sealed class CollectingActor(TestQueue queue) : UntypedActor
{
    private Func<object, bool> _ignore = static _ => false;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WatchRequest watch:
                Context.Watch(watch.Target);
                Sender.Tell(watch);
                break;
            case UnwatchRequest unwatch:
                Context.Unwatch(unwatch.Target);
                Sender.Tell(unwatch);
                break;
            case IgnoreRequest ignore:
                _ignore = ignore.Predicate;
                break;
            default:
                if (!_ignore(message))
                {
                    queue.Add(new ReceivedMessage(message, Sender));
                }

                break;
        }
    }

    internal sealed record WatchRequest(IActorRef Target);

    internal sealed record UnwatchRequest(IActorRef Target);

    internal sealed record IgnoreRequest(Func<object, bool> Predicate);
}
