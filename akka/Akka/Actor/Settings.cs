using Akka.Configuration;

namespace Akka.Actor;

/// <summary>The settings of an actor system.</summary>
public class Settings
{
    public Settings(ActorSystem system, Config config)
    {
        System = system;
        Config = config.WithFallback(ConfigurationFactory.Default());
        ProviderClass = Config.GetString("akka.actor.provider") switch
        {
            "local" => "Akka.Actor.LocalActorRefProvider",
            "remote" => "Akka.Remote.RemoteActorRefProvider, Akka.Remote",
            "cluster" => "Akka.Cluster.ClusterActorRefProvider, Akka.Cluster",
            string type => type,
        };
        LogLevel = Config.GetString("akka.loglevel");
        StdoutLogLevel = Config.GetString("akka.stdout-loglevel");
        Loggers = Config.GetStringList("akka.loggers");
        LoggerStartTimeout = Config.GetTimeSpan("akka.logger-startup-timeout");
        AskTimeout = Config.GetTimeSpan("akka.actor.ask-timeout");
        SupervisorStrategyClass = Config.GetString("akka.actor.guardian-supervisor-strategy");
        SchedulerClass = Config.GetString("akka.scheduler.implementation");
        string deadLetters = Config.GetString("akka.log-dead-letters");
        LogDeadLetters = deadLetters.ToLowerInvariant() switch
        {
            "on" or "true" => int.MaxValue,
            "off" or "false" => 0,
            _ => Config.GetInt("akka.log-dead-letters"),
        };
        LogDeadLettersDuringShutdown = Config.GetBoolean("akka.log-dead-letters-during-shutdown");
        DebugUnhandledMessage = Config.GetBoolean("akka.actor.debug.unhandled");
        CoordinatedShutdownTerminateActorSystem = Config.GetBoolean("akka.coordinated-shutdown.terminate-actor-system");
        CoordinatedShutdownRunByActorSystemTerminate =
            Config.GetBoolean("akka.coordinated-shutdown.run-by-actor-system-terminate");
    }

    public ActorSystem System { get; }

    /// <summary>All settings, with the defaults behind them.</summary>
    public Config Config { get; private set; }

    /// <summary>The type that finds actors: from <c>akka.actor.provider</c>, which is local, remote or cluster.</summary>
    public string ProviderClass { get; }

    public string LogLevel { get; }

    public string StdoutLogLevel { get; }

    public IList<string> Loggers { get; }

    public TimeSpan LoggerStartTimeout { get; }

    /// <summary>The default for asks; negative for infinite.</summary>
    public TimeSpan AskTimeout { get; }

    public string SupervisorStrategyClass { get; }

    public string SchedulerClass { get; }

    /// <summary>How many dead letters are logged before the log falls silent about them.</summary>
    public int LogDeadLetters { get; }

    public bool LogDeadLettersDuringShutdown { get; }

    public bool DebugUnhandledMessage { get; }

    public bool CoordinatedShutdownTerminateActorSystem { get; }

    public bool CoordinatedShutdownRunByActorSystemTerminate { get; }

    /// <summary>Adds defaults, as extensions do.</summary>
    public void InjectTopLevelFallback(Config config) => Config = Config.WithFallback(config);
}
