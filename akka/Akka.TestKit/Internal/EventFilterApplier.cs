using Akka.Actor;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>Counts the events that fit.</summary>
internal sealed class EventMatcher(Predicate<LogEvent> predicate)
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool Takes(LogEvent entry)
    {
        if (!predicate(entry))
        {
            return false;
        }

        Interlocked.Increment(ref _count);
        return true;
    }
}

internal sealed class EventFilterApplier(TestKitBase testKit, ActorSystem system, Predicate<LogEvent> predicate) : IEventFilterApplier
{
    public void Expect(int expectedCount, Action action, CancellationToken cancellationToken = default) =>
        Expect(expectedCount, testKit.TestKitSettings.TestEventFilterLeeway, action, cancellationToken);

    public void Expect(int expectedCount, TimeSpan timeout, Action action, CancellationToken cancellationToken = default)
    {
        using Muting muting = new(system, predicate);
        action();
        testKit.AwaitCondition(
            () => muting.Matcher.Count >= expectedCount, timeout, null, $"Expected {expectedCount} log events, so far {muting.Matcher.Count}.", cancellationToken);
        Exactly(muting.Matcher, expectedCount);
    }

    public async Task ExpectAsync(int expectedCount, Func<Task> actionAsync, CancellationToken cancellationToken = default)
    {
        using Muting muting = new(system, predicate);
        await actionAsync();
        await testKit.AwaitConditionAsync(
            () => muting.Matcher.Count >= expectedCount, testKit.TestKitSettings.TestEventFilterLeeway, null, $"Expected {expectedCount} log events.", cancellationToken);
        Exactly(muting.Matcher, expectedCount);
    }

    public void ExpectOne(Action action, CancellationToken cancellationToken = default) => Expect(1, action, cancellationToken);

    public void ExpectOne(TimeSpan timeout, Action action, CancellationToken cancellationToken = default) =>
        Expect(1, timeout, action, cancellationToken);

    public Task ExpectOneAsync(Func<Task> actionAsync, CancellationToken cancellationToken = default) =>
        ExpectAsync(1, actionAsync, cancellationToken);

    public void Mute(Action action, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using Muting muting = new(system, predicate);
        action();
    }

    public IUnmutableFilter Mute() => new Muting(system, predicate);

    private void Exactly(EventMatcher matcher, int expectedCount)
    {
        if (matcher.Count != expectedCount)
        {
            testKit.AwaitCondition(
                () => matcher.Count == expectedCount, TimeSpan.Zero, null, $"Expected {expectedCount} log events, received {matcher.Count}.");
        }
    }

    private sealed class Muting : IUnmutableFilter
    {
        private readonly ActorSystem _system;

        public Muting(ActorSystem system, Predicate<LogEvent> predicate)
        {
            _system = system;
            Matcher = new EventMatcher(predicate);
            system.EventStream.Publish(new TestEventListener.MuteRequest(Matcher));
        }

        public EventMatcher Matcher { get; }

        public void Unmute() => _system.EventStream.Publish(new TestEventListener.UnmuteRequest(Matcher));

        public void Dispose() => Unmute();
    }
}
