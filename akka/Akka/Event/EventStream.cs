using Akka.Actor;

namespace Akka.Event;

/// <summary>The part of the event stream that loggers are given.</summary>
public class LoggingBus
{
    private readonly Lock _lock = new();
    private (IActorRef Subscriber, Type Channel)[] _subscriptions = [];

    /// <summary>Receivers per event type, forgotten when a subscription changes; bounded by the number of event types.</summary>
    private Dictionary<Type, IActorRef[]> _receivers = [];

    private LogLevel _logLevel = LogLevel.InfoLevel;
    private bool _isOff;

    /// <summary>Events below this level are not even made.</summary>
    public LogLevel LogLevel => _logLevel;

    internal bool IsOff => _isOff;

    public void SetLogLevel(LogLevel logLevel) => _logLevel = logLevel;

    /// <summary>Sends the event to all who subscribed to its type, a base type or an interface of it.</summary>
    public virtual void Publish(object @event)
    {
        foreach (IActorRef receiver in ReceiversOf(@event.GetType()))
        {
            receiver.Tell(@event, ActorRefs.NoSender);
        }
    }

    /// <returns>False when the subscription was there already.</returns>
    public virtual bool Subscribe(IActorRef subscriber, Type classifier)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_lock)
        {
            if (_subscriptions.Contains((subscriber, classifier)))
            {
                return false;
            }

            Change([.. _subscriptions, (subscriber, classifier)]);
            return true;
        }
    }

    /// <returns>False when there was no such subscription.</returns>
    public virtual bool Unsubscribe(IActorRef subscriber, Type classifier)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_lock)
        {
            int before = _subscriptions.Length;
            Change([.. _subscriptions.Where(each => each != (subscriber, classifier))]);
            return _subscriptions.Length < before;
        }
    }

    /// <summary>Ends all subscriptions of <paramref name="subscriber"/>.</summary>
    public virtual bool Unsubscribe(IActorRef subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_lock)
        {
            int before = _subscriptions.Length;
            Change([.. _subscriptions.Where(each => !each.Subscriber.Equals(subscriber))]);
            return _subscriptions.Length < before;
        }
    }

    internal void SetLogLevel(string level)
    {
        _isOff = level.Equals("OFF", StringComparison.OrdinalIgnoreCase);
        if (!_isOff)
        {
            _logLevel = Logging.LogLevelFor(level);
        }
    }

    /// <summary>Subscribes a logger to the entries of a level and of those above it: some are published whatever the level.</summary>
    internal void SubscribeAtLevel(IActorRef logger, string level)
    {
        if (level.Equals("OFF", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        LogLevel lowest = Logging.LogLevelFor(level);
        (LogLevel Level, Type Entry)[] entries =
            [(LogLevel.DebugLevel, typeof(Debug)), (LogLevel.InfoLevel, typeof(Info)), (LogLevel.WarningLevel, typeof(Warning)), (LogLevel.ErrorLevel, typeof(Error))];
        foreach ((LogLevel _, Type entry) in entries.Where(each => each.Level >= lowest))
        {
            Subscribe(logger, entry);
        }
    }

    private void Change((IActorRef, Type)[] subscriptions)
    {
        _subscriptions = subscriptions;
        Volatile.Write(ref _receivers, []);
    }

    private IActorRef[] ReceiversOf(Type type)
    {
        if (Volatile.Read(ref _receivers).TryGetValue(type, out IActorRef[]? receivers))
        {
            return receivers;
        }

        lock (_lock)
        {
            receivers = [.. _subscriptions.Where(each => each.Channel.IsAssignableFrom(type)).Select(each => each.Subscriber).Distinct()];

            // Readers hold the old dictionary: replace it, never change it.
            Volatile.Write(ref _receivers, new Dictionary<Type, IActorRef[]>(_receivers) { [type] = receivers });
            return receivers;
        }
    }
}

/// <summary>Publishes events by their type to the actors that subscribed to it.</summary>
public class EventStream : LoggingBus
{
    /// <param name="debug">Kept for the API's sake: subscriptions are not logged.</param>
    public EventStream(bool debug) => _ = debug;

    internal void StartStdout(Settings settings)
    {
        SetLogLevel(settings.StdoutLogLevel);
        if (!IsOff)
        {
            SubscribeAtLevel(StandardOutLogger.Instance, settings.StdoutLogLevel);
        }
    }
}

public static class EventStreamExtensions
{
    public static bool Subscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) =>
        eventStream.Subscribe(subscriber, typeof(TChannel));

    public static bool Unsubscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) =>
        eventStream.Unsubscribe(subscriber, typeof(TChannel));
}
