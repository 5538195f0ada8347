using Akka.Actor;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>Waits for log events, or keeps them out of the output.</summary>
public interface IEventFilterApplier
{
    /// <summary>Runs <paramref name="action"/>; exactly that many events must come.</summary>
    void Expect(int expectedCount, Action action, CancellationToken cancellationToken = default);

    void Expect(int expectedCount, TimeSpan timeout, Action action, CancellationToken cancellationToken = default);

    Task ExpectAsync(int expectedCount, Func<Task> actionAsync, CancellationToken cancellationToken = default);

    void ExpectOne(Action action, CancellationToken cancellationToken = default);

    void ExpectOne(TimeSpan timeout, Action action, CancellationToken cancellationToken = default);

    Task ExpectOneAsync(Func<Task> actionAsync, CancellationToken cancellationToken = default);

    /// <summary>Keeps the events out of the output while <paramref name="action"/> runs.</summary>
    void Mute(Action action, CancellationToken cancellationToken = default);

    /// <summary>Keeps the events out of the output until the result is disposed.</summary>
    IUnmutableFilter Mute();
}

public interface IUnmutableFilter : IDisposable
{
    void Unmute();
}

/// <summary>Chooses log events by level, text, source or exception.</summary>
public class EventFilterFactory
{
    private readonly TestKitBase _testKit;
    private readonly ActorSystem _system;

    public EventFilterFactory(TestKitBase testkit, ActorSystem system)
    {
        _testKit = testkit;
        _system = system;
    }

    public IEventFilterApplier Exception<TException>(string? message = null, string? start = null, string? contains = null, string? source = null)
        where TException : Exception => Exception(typeof(TException), message, start, contains, source);

    public IEventFilterApplier Exception(Type exceptionType, string? message = null, string? start = null, string? contains = null, string? source = null, bool checkInnerExceptions = false) =>
        Custom(entry => entry is Error { Cause: { } cause }
            && Causes(cause, checkInnerExceptions).Any(exceptionType.IsInstanceOfType) && Fits(entry, message, start, contains, source));

    public IEventFilterApplier Error(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        ForLogLevel(LogLevel.ErrorLevel, message, start, contains, source);

    public IEventFilterApplier Warning(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        ForLogLevel(LogLevel.WarningLevel, message, start, contains, source);

    public IEventFilterApplier Info(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        ForLogLevel(LogLevel.InfoLevel, message, start, contains, source);

    public IEventFilterApplier Debug(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        ForLogLevel(LogLevel.DebugLevel, message, start, contains, source);

    public IEventFilterApplier ForLogLevel(LogLevel logLevel, string? message = null, string? start = null, string? contains = null, string? source = null) =>
        Custom(entry => entry.LogLevel() == logLevel && Fits(entry, message, start, contains, source));

    public IEventFilterApplier Custom(Predicate<LogEvent> predicate) => new EventFilterApplier(_testKit, _system, predicate);

    /// <summary>Dead letters whose message is a <typeparamref name="TMessage"/>.</summary>
    public IEventFilterApplier DeadLetter<TMessage>(string? source = null) => Custom(entry =>
        entry is TestEventListener.DeadLetterEvent { Letter: { Message: TMessage } letter }
        && (source is null || letter.Recipient.Path.ToString() == source));

    public IEventFilterApplier DeadLetter() => DeadLetter<object>();

    private static bool Fits(LogEvent entry, string? message, string? start, string? contains, string? source)
    {
        string text = entry.Message.ToString() ?? "";
        return (message is null || text == message)
            && (start is null || text.StartsWith(start, StringComparison.Ordinal))
            && (contains is null || text.Contains(contains, StringComparison.Ordinal))
            && (source is null || entry.LogSource == source);
    }

    private static IEnumerable<Exception> Causes(Exception cause, bool inner)
    {
        for (Exception? each = cause; each is not null; each = inner ? each.InnerException : null)
        {
            yield return each;
        }
    }
}

/// <summary>The logger of a test's system: writes what no filter mutes.</summary>
public class TestEventListener : DefaultLogger
{
    private readonly List<EventMatcher> _matchers = [];

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger initialize:
                foreach (Type channel in new[] { typeof(MuteRequest), typeof(UnmuteRequest), typeof(DeadLetter) })
                {
                    initialize.LoggingBus.Subscribe(Self, channel);
                }

                Sender.Tell(new LoggerInitialized());
                return true;
            case MuteRequest mute:
                _matchers.Add(mute.Matcher);
                return true;
            case UnmuteRequest unmute:
                _matchers.Remove(unmute.Matcher);
                return true;
            case DeadLetter letter:
                _ = IsMuted(new DeadLetterEvent(letter));
                return true;
            case LogEvent entry:
                if (!IsMuted(entry))
                {
                    Print(entry);
                }

                return true;
            default:
                return false;
        }
    }

    private bool IsMuted(LogEvent entry) => _matchers.Exists(matcher => matcher.Takes(entry));

    internal sealed record MuteRequest(EventMatcher Matcher);

    internal sealed record UnmuteRequest(EventMatcher Matcher);

    /// <summary>A dead letter in the form that filters look at; it is logged elsewhere.</summary>
    internal sealed class DeadLetterEvent(DeadLetter letter) : Warning(letter.Recipient.Path.ToString(), typeof(DeadLetter), letter)
    {
        public DeadLetter Letter => letter;
    }
}
