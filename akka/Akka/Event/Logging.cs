using Akka.Actor;

namespace Akka.Event;

/// <summary>Writes to the log.</summary>
public interface ILoggingAdapter
{
    ILogMessageFormatter Formatter { get; }

    bool IsDebugEnabled { get; }

    bool IsInfoEnabled { get; }

    bool IsWarningEnabled { get; }

    bool IsErrorEnabled { get; }

    bool IsEnabled(LogLevel logLevel);

    void Log(LogLevel logLevel, Exception? cause, string format);

    void Log(LogLevel logLevel, Exception? cause, LogMessage message);
}

public abstract class LoggingAdapterBase : ILoggingAdapter
{
    protected LoggingAdapterBase(ILogMessageFormatter logMessageFormatter) => Formatter = logMessageFormatter;

    public ILogMessageFormatter Formatter { get; }

    public abstract bool IsDebugEnabled { get; }

    public abstract bool IsErrorEnabled { get; }

    public abstract bool IsInfoEnabled { get; }

    public abstract bool IsWarningEnabled { get; }

    public bool IsEnabled(LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => IsDebugEnabled,
        LogLevel.InfoLevel => IsInfoEnabled,
        LogLevel.WarningLevel => IsWarningEnabled,
        _ => IsErrorEnabled,
    };

    public void Log(LogLevel logLevel, Exception? cause, LogMessage message)
    {
        if (IsEnabled(logLevel))
        {
            NotifyLog(logLevel, message, cause);
        }
    }

    public void Log(LogLevel logLevel, Exception? cause, string format)
    {
        if (IsEnabled(logLevel))
        {
            NotifyLog(logLevel, format, cause);
        }
    }

    protected abstract void NotifyLog(LogLevel logLevel, object message, Exception? cause = null);
}

/// <summary>Publishes entries on the event stream, where the loggers listen.</summary>
public sealed class BusLogging : LoggingAdapterBase
{
    public BusLogging(LoggingBus bus, string logSource, Type logClass, ILogMessageFormatter logMessageFormatter)
        : base(logMessageFormatter)
    {
        Bus = bus;
        LogSource = logSource;
        LogClass = logClass;
    }

    public LoggingBus Bus { get; }

    public string LogSource { get; }

    public Type LogClass { get; }

    public override bool IsDebugEnabled => IsOn(LogLevel.DebugLevel);

    public override bool IsInfoEnabled => IsOn(LogLevel.InfoLevel);

    public override bool IsWarningEnabled => IsOn(LogLevel.WarningLevel);

    public override bool IsErrorEnabled => IsOn(LogLevel.ErrorLevel);

    protected override void NotifyLog(LogLevel logLevel, object message, Exception? cause = null) => Bus.Publish(logLevel switch
    {
        LogLevel.DebugLevel => new Debug(cause!, LogSource, LogClass, message),
        LogLevel.InfoLevel => new Info(cause!, LogSource, LogClass, message),
        LogLevel.WarningLevel => new Warning(cause!, LogSource, LogClass, message),
        _ => new Error(cause, LogSource, LogClass, message),
    });

    private bool IsOn(LogLevel level) => !Bus.IsOff && level >= Bus.LogLevel;
}

public static class Logging
{
    /// <summary>The log of the actor whose context this is.</summary>
    public static ILoggingAdapter GetLogger(this IActorContext context, ILogMessageFormatter? logMessageFormatter = null)
    {
        Type actor = (context as ActorCell)?.Props.Type ?? typeof(ActorBase);
        return new BusLogging(
            context.System.EventStream, context.Self.Path.ToString(), actor, logMessageFormatter ?? DefaultLogMessageFormatter.Instance);
    }

    /// <param name="system">Whose event stream is written to.</param>
    /// <param name="logSourceObj">What the entries are about: a name, a type, an actor reference, any object.</param>
    /// <param name="logMessageFormatter">By default as <c>string.Format</c>.</param>
    public static ILoggingAdapter GetLogger(ActorSystem system, object logSourceObj, ILogMessageFormatter? logMessageFormatter = null) =>
        new BusLogging(
            system.EventStream, $"{SourceOf(logSourceObj)} ({system})", TypeOf(logSourceObj), logMessageFormatter ?? DefaultLogMessageFormatter.Instance);

    public static ILoggingAdapter GetLogger(LoggingBus loggingBus, object logSourceObj, ILogMessageFormatter? logMessageFormatter = null) =>
        new BusLogging(loggingBus, SourceOf(logSourceObj), TypeOf(logSourceObj), logMessageFormatter ?? DefaultLogMessageFormatter.Instance);

    /// <exception cref="ArgumentException">There is no such level.</exception>
    public static LogLevel LogLevelFor(string logLevel) => logLevel.ToUpperInvariant() switch
    {
        "DEBUG" => LogLevel.DebugLevel,
        "INFO" => LogLevel.InfoLevel,
        "WARNING" => LogLevel.WarningLevel,
        "ERROR" => LogLevel.ErrorLevel,
        _ => throw new ArgumentException($"Unknown LogLevel: \"{logLevel}\". Valid values are: \"DEBUG\", \"INFO\", \"WARNING\", \"ERROR\"", nameof(logLevel)),
    };

    public static string StringFor(this LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => "DEBUG",
        LogLevel.InfoLevel => "INFO",
        LogLevel.WarningLevel => "WARNING",
        _ => "ERROR",
    };

    private static string SourceOf(object source) => source switch
    {
        string name => name,
        IActorRef actor => actor.Path.ToString(),
        IActorContext context => context.Self.Path.ToString(),
        Type type => type.Name,
        _ => source.GetType().Name,
    };

    private static Type TypeOf(object source) => source switch
    {
        string => typeof(DummyClassForStringSources),
        Type type => type,
        _ => source.GetType(),
    };
}

/// <summary>Stands for the class of a log source that is only a name.</summary>
public class DummyClassForStringSources
{
}
