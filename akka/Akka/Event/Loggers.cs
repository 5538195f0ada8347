using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;

namespace Akka.Event;

/// <summary>Which queue a logger needs; every mailbox will do.</summary>
public interface ILoggerMessageQueueSemantics : ISemantics
{
}

/// <summary>A logger that is not an actor, for the time when no actor runs.</summary>
public abstract class MinimalLogger : MinimalActorRef
{
    private readonly RootActorPath _path = new(new Address("akka", "all-systems"), "/StandardOutLogger");

    protected MinimalLogger()
    {
    }

    public sealed override ActorPath Path => _path;

    protected abstract void Log(object message);

    protected sealed override void TellInternal(object message, IActorRef sender) => Log(message);
}

/// <summary>Writes to the console.</summary>
public class StandardOutLogger : MinimalLogger
{
    internal static readonly StandardOutLogger Instance = new();

    private static readonly Lock ConsoleLock = new();

    public static ConsoleColor DebugColor { get; set; } = ConsoleColor.Gray;

    public static ConsoleColor InfoColor { get; set; } = ConsoleColor.White;

    public static ConsoleColor WarningColor { get; set; } = ConsoleColor.Yellow;

    public static ConsoleColor ErrorColor { get; set; } = ConsoleColor.Red;

    public static bool UseColors { get; set; } = true;

    internal static void Print(LogEvent entry)
    {
        lock (ConsoleLock)
        {
            if (!UseColors || Console.IsOutputRedirected)
            {
                Console.WriteLine(entry);
                return;
            }

            Console.ForegroundColor = entry.LogLevel() switch
            {
                LogLevel.DebugLevel => DebugColor,
                LogLevel.InfoLevel => InfoColor,
                LogLevel.WarningLevel => WarningColor,
                _ => ErrorColor,
            };
            Console.WriteLine(entry);
            Console.ResetColor();
        }
    }

    protected override void Log(object message)
    {
        if (message is LogEvent entry)
        {
            Print(entry);
        }
    }
}

/// <summary>The logger that is used unless <c>akka.loggers</c> names others: writes to the console.</summary>
public class DefaultLogger : ActorBase, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                return true;
            case LogEvent entry:
                Print(entry);
                return true;
            default:
                return false;
        }
    }

    protected virtual void Print(LogEvent logEvent) => StandardOutLogger.Print(logEvent);
}

/// <summary>Logs dead letters, up to <c>akka.log-dead-letters</c> of them; of many at a time the first ones, and how many followed.</summary>
public class DeadLetterListener : ActorBase
{
    /// <summary>At a time. As many as are logged at all by default; other nodes can cause as many dead letters as they like.</summary>
    private const int MaxLines = 10;

    private readonly SpanBudget _lines = new(MaxLines, TimeProvider.System);
    private readonly int _limit;
    private int _count;
    private int _untold;

    public DeadLetterListener() => _limit = Context.System.Settings.LogDeadLetters;

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    protected override bool Receive(object message)
    {
        if (message is not DeadLetter letter)
        {
            return false;
        }

        ActorSystemImpl system = (ActorSystemImpl)Context.System;
        if (_count >= _limit || (system.IsTerminating && !system.Settings.LogDeadLettersDuringShutdown))
        {
            return true;
        }

        if (!_lines.TryTake())
        {
            _untold++;
            return true;
        }

        _count++;
        string last = _count == _limit ? ", no more dead letters will be logged" : "";
        string untold = _untold > 0 ? $" and {_untold} that were not logged" : "";
        _untold = 0;
        system.EventStream.Publish(new Info(
            TroubleLog.Shown(letter.Recipient.Path.ToString()),
            letter.Recipient.GetType(),
            $"Message [{letter.Message.GetType().Name}] from {TroubleLog.Shown($"{letter.Sender}")} to {TroubleLog.Shown($"{letter.Recipient}")} was not delivered. "
            + $"[{_count}] dead letters encountered{untold}{last}. This logging can be turned off or adjusted with configuration settings 'akka.log-dead-letters' and 'akka.log-dead-letters-during-shutdown'."));
        return true;
    }
}

/// <summary>Starts the loggers of a system.</summary>
internal static class Loggers
{
    public static void Start(ActorSystemImpl system)
    {
        Settings settings = system.Settings;
        EventStream bus = system.EventStream;
        int number = 0;
        List<Task> initializations = [];
        foreach (string name in settings.Loggers)
        {
            Type type = Type.GetType(name)
                ?? throw new ConfigurationException($"akka.loggers names the unknown type '{name}'; write it as \"Namespace.Type, Assembly\".");
            IActorRef logger = system.SystemActorOf(Props.Create(type), $"log{++number}-{type.Name}");

            // The mailbox keeps order: the logger is initialized before it sees an entry.
            initializations.Add(Initialize(system, logger, name, settings.LoggerStartTimeout));
            bus.SubscribeAtLevel(logger, settings.LogLevel);
        }

        // A system that has been created logs: nothing that follows may go past its loggers. Bounded by the asks' time-outs.
        Task.WaitAll([.. initializations]);
        if (number > 0)
        {
            bus.Unsubscribe(StandardOutLogger.Instance);
        }

        bus.SetLogLevel(settings.LogLevel);
        if (settings.DebugUnhandledMessage)
        {
            system.SystemActorOf(Props.Create<UnhandledMessageForwarder>(), "UnhandledMessageForwarder");
        }

        if (settings.LogDeadLetters > 0)
        {
            system.SystemActorOf(Props.Create<DeadLetterListener>(), "deadLetterListener");
        }
    }

    private static async Task Initialize(ActorSystemImpl system, IActorRef logger, string name, TimeSpan timeout)
    {
        try
        {
            object answer = await logger.Ask(new InitializeLogger(system.EventStream), timeout).ConfigureAwait(false);
            if (answer is LoggerInitialized)
            {
                return;
            }

            throw new LoggerInitializationException($"Logger {name} did not respond with LoggerInitialized, sent instead {answer}");
        }
        catch (Exception failure) when (failure is AskTimeoutException or LoggerInitializationException or ArgumentException)
        {
            if (!system.IsTerminating)
            {
                StandardOutLogger.Print(new Error(failure, name, typeof(Loggers), $"Logger [{name}] has not been initialized: {failure.Message}"));
            }
        }
    }

    private sealed class UnhandledMessageForwarder : ActorBase
    {
        protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(UnhandledMessage));

        protected override bool Receive(object message)
        {
            if (message is not UnhandledMessage unhandled)
            {
                return false;
            }

            Context.System.EventStream.Publish(new Debug(
                unhandled.Recipient.Path.ToString(), unhandled.Recipient.GetType(), $"Unhandled message from {unhandled.Sender} : {unhandled.Message}"));
            return true;
        }
    }
}
