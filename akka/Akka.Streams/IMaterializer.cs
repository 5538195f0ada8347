using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;
using Akka.Streams.Implementation;

namespace Akka.Streams;

/// <summary>Runs graphs.</summary>
public interface IMaterializer
{
    MessageDispatcher ExecutionContext { get; }

    /// <summary>Starts the graph; returns its materialized value.</summary>
    TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable);

    TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable, Attributes initialAttributes);

    ICancelable ScheduleOnce(TimeSpan delay, Action action);

    ICancelable ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action);
}

/// <summary>Runs each graph on an actor of its own.</summary>
public abstract class ActorMaterializer : IMaterializer, IDisposable
{
    private protected ActorMaterializer()
    {
    }

    public abstract ActorMaterializerSettings Settings { get; }

    public abstract bool IsShutdown { get; }

    public abstract MessageDispatcher ExecutionContext { get; }

    public abstract ActorSystem System { get; }

    public abstract ILoggingAdapter Logger { get; }

    /// <summary>The parent of all actors that run graphs.</summary>
    public abstract IActorRef Supervisor { get; }

    /// <param name="context">A system, or an actor's context: then its graphs end abruptly with that actor.</param>
    /// <param name="settings">By default those of the system.</param>
    /// <param name="namePrefix">Begins the names of the actors.</param>
    public static ActorMaterializer Create(IActorRefFactory context, ActorMaterializerSettings? settings = null, string? namePrefix = null)
    {
        ActorSystem system = context switch
        {
            ActorSystem own => own,
            IActorContext actor => actor.System,
            _ => throw new ArgumentException($"ActorRefFactory context must be an ActorSystem or ActorContext, got [{context?.GetType()}]", nameof(context)),
        };
        return new ActorMaterializerImpl(system, context, settings ?? ActorMaterializerSettings.Create(system), namePrefix ?? "Flow");
    }

    public abstract TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable);

    public abstract TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable, Attributes initialAttributes);

    public abstract ICancelable ScheduleOnce(TimeSpan delay, Action action);

    public abstract ICancelable ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action);

    /// <summary>Stops all graphs abruptly.</summary>
    public abstract void Shutdown();

    public void Dispose()
    {
        Shutdown();
        GC.SuppressFinalize(this);
    }
}

public static class ActorMaterializerExtensions
{
    public static ActorMaterializer Materializer(this IActorRefFactory context, ActorMaterializerSettings? settings = null, string? namePrefix = null) =>
        ActorMaterializer.Create(context, settings, namePrefix);
}

/// <summary>Defaults for the graphs of a materializer.</summary>
public sealed class ActorMaterializerSettings
{
    public readonly string Dispatcher;

    public readonly Supervision.Decider SupervisionDecider;

    /// <summary>Events that a graph processes before its actor makes room for others.</summary>
    public readonly int SyncProcessingLimit;

    private ActorMaterializerSettings(string dispatcher, Supervision.Decider supervisionDecider, int syncProcessingLimit)
    {
        Dispatcher = dispatcher;
        SupervisionDecider = supervisionDecider;
        SyncProcessingLimit = syncProcessingLimit;
    }

    public static ActorMaterializerSettings Create(ActorSystem system)
    {
        Configuration.Config config = system.Settings.Config.GetConfig("akka.stream.materializer");
        return new ActorMaterializerSettings(
            config.GetString("dispatcher", ""),
            Supervision.Deciders.StoppingDecider,
            config.GetInt("sync-processing-limit", 1000));
    }

    public ActorMaterializerSettings WithDispatcher(string dispatcher) => new(dispatcher, SupervisionDecider, SyncProcessingLimit);

    public ActorMaterializerSettings WithSupervisionStrategy(Supervision.Decider decider) => new(Dispatcher, decider, SyncProcessingLimit);

    public ActorMaterializerSettings WithSyncProcessingLimit(int limit) => new(Dispatcher, SupervisionDecider, limit);
}
