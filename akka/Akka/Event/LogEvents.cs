using Akka.Actor;

namespace Akka.Event;

public enum LogLevel
{
    DebugLevel,
    InfoLevel,
    WarningLevel,
    ErrorLevel,
}

/// <summary>One entry of the log on its way to the loggers.</summary>
public abstract class LogEvent : INoSerializationVerificationNeeded
{
    protected LogEvent()
    {
        Timestamp = DateTime.UtcNow;
        Thread = Thread.CurrentThread;
    }

    public Exception? Cause { get; protected set; }

    /// <summary>When it was made, in UTC.</summary>
    public DateTime Timestamp { get; }

    public Thread Thread { get; }

    public string LogSource { get; protected set; } = "";

    public Type LogClass { get; protected set; } = typeof(object);

    public object Message { get; protected set; } = "";

    public abstract LogLevel LogLevel();

    public override string ToString()
    {
        string line = $"[{LogLevel().StringFor()}][{Timestamp:O}][Thread {Thread.ManagedThreadId:0000}][{LogSource}] {Message}";
        return Cause is null ? line : line + Environment.NewLine + "Cause: " + Cause;
    }

    private protected void Fill(Exception? cause, string logSource, Type logClass, object message)
    {
        Cause = cause;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }
}

public class Debug : LogEvent
{
    public Debug(string logSource, Type logClass, object message) => Fill(null, logSource, logClass, message);

    public Debug(Exception cause, string logSource, Type logClass, object message) => Fill(cause, logSource, logClass, message);

    public override LogLevel LogLevel() => Akka.Event.LogLevel.DebugLevel;
}

public class Info : LogEvent
{
    public Info(string logSource, Type logClass, object message) => Fill(null, logSource, logClass, message);

    public Info(Exception cause, string logSource, Type logClass, object message) => Fill(cause, logSource, logClass, message);

    public override LogLevel LogLevel() => Akka.Event.LogLevel.InfoLevel;
}

public class Warning : LogEvent
{
    public Warning(string logSource, Type logClass, object message) => Fill(null, logSource, logClass, message);

    public Warning(Exception cause, string logSource, Type logClass, object message) => Fill(cause, logSource, logClass, message);

    public override LogLevel LogLevel() => Akka.Event.LogLevel.WarningLevel;
}

public class Error : LogEvent
{
    public Error(Exception? cause, string logSource, Type logClass, object message) => Fill(cause, logSource, logClass, message);

    public override LogLevel LogLevel() => Akka.Event.LogLevel.ErrorLevel;
}

/// <summary>Tells a logger that it may begin; it answers with <see cref="LoggerInitialized"/>.</summary>
public class InitializeLogger : INoSerializationVerificationNeeded
{
    public InitializeLogger(LoggingBus loggingBus) => LoggingBus = loggingBus;

    public LoggingBus LoggingBus { get; }
}

public class LoggerInitialized : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
}
