using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Microsoft.Extensions.Logging;
using MelLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Broker.Node.Composition;

/// <summary>
/// Brings what the actor system has to say into the node's log, in its form. Akka.NET's own loggers would write to the console past it. Lines above DEBUG keep to
/// a <see cref="LineBudget"/>: some of them other nodes can cause, as often as they like.
/// </summary>
public sealed class ActorSystemLogs : UntypedActor
{
    // Stands above the operator's akka.hocon: where lines go is not a matter of taste; how many, akka.loglevel says.
    private const string OwnLoggersOff = "akka { loggers = [], stdout-loglevel = OFF }";

    private readonly ILogger _log;
    private readonly LineBudget _budget;

    public ActorSystemLogs(ILogger log, TimeProvider clock)
    {
        _log = log;
        _budget = new LineBudget(clock);
    }

    /// <summary>Makes an actor system that logs to <paramref name="loggers"/>.</summary>
    public static ActorSystem CreateSystem(string name, Config hocon, ILoggerFactory loggers, TimeProvider clock)
    {
        ILogger log = loggers.CreateLogger("Broker.Akka");
        ActorSystem system = ActorSystem.Create(name, ConfigurationFactory.ParseString(OwnLoggersOff).WithFallback(hocon));

        // Subscribed from here and not by the actor itself: nothing that is said after this may be missed.
        system.EventStream.Subscribe(system.ActorOf(Props.Create(() => new ActorSystemLogs(log, clock)), "log"), typeof(LogEvent));
        return system;
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        // Dead letters are published whatever the level.
        if (message is LogEvent entry && entry.LogLevel() >= Context.System.EventStream.LogLevel && HasRoom(entry))
        {
            ActorSystemLog.Said(_log, LevelOf(entry), entry.Cause, entry.LogSource, entry.Message);
        }
    }

    private bool HasRoom(LogEvent entry)
    {
        if (entry.LogLevel() == Akka.Event.LogLevel.DebugLevel)
        {
            return true;
        }

        bool hasRoom = _budget.TryTake(out long leftOut);
        if (leftOut > 0)
        {
            ActorSystemLog.LeftOut(_log, leftOut, LineBudget.MaxLines, (int)LineBudget.Span.TotalSeconds);
        }

        return hasRoom;
    }

    private static MelLevel LevelOf(LogEvent entry) => entry.LogLevel() switch
    {
        Akka.Event.LogLevel.DebugLevel => MelLevel.Debug,
        Akka.Event.LogLevel.InfoLevel => MelLevel.Information,
        Akka.Event.LogLevel.WarningLevel => MelLevel.Warning,
        _ => MelLevel.Error,
    };
}

internal static partial class ActorSystemLog
{
    [LoggerMessage(EventId = 6111, EventName = "ActorSystem", Message = "{Source}: {Text}")]
    public static partial void Said(ILogger log, MelLevel level, Exception? cause, string source, object text);

    [LoggerMessage(EventId = 6115, EventName = "ActorSystemLinesLeftOut", Level = MelLevel.Warning,
        Message = "{Lines} lines of the actor system before this one were left out, as it had said {Most} within {Seconds} s")]
    public static partial void LeftOut(ILogger log, long lines, int most, int seconds);
}
