using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>A tree of actors with what they share: scheduler, dispatchers, event stream, settings.</summary>
public abstract class ActorSystem : IActorRefFactory, IDisposable
{
    protected ActorSystem()
    {
    }

    public abstract string Name { get; }

    public abstract Settings Settings { get; }

    /// <summary>Turns messages into bytes and back.</summary>
    public abstract Akka.Serialization.Serialization Serialization { get; }

    public abstract EventStream EventStream { get; }

    /// <summary>Takes messages that have no receiver and publishes them as <see cref="DeadLetter"/>.</summary>
    public abstract IActorRef DeadLetters { get; }

    public abstract Dispatchers Dispatchers { get; }

    public abstract IScheduler Scheduler { get; }

    public abstract ILoggingAdapter Log { get; }

    /// <summary>Completes when all actors have stopped.</summary>
    public abstract Task WhenTerminated { get; }

    /// <summary>When the system was started, on its monotonic clock.</summary>
    public TimeSpan StartTime { get; } = TimeSpan.FromMilliseconds(Environment.TickCount64);

    public TimeSpan Uptime => TimeSpan.FromMilliseconds(Environment.TickCount64) - StartTime;

    public static ActorSystem Create(string name) => Create(name, ConfigurationFactory.Load());

    /// <param name="name">Letters, digits, <c>-</c> and <c>_</c>, not beginning with <c>-</c> or <c>_</c>.</param>
    /// <param name="config">Overrides the defaults.</param>
    public static ActorSystem Create(string name, Config config)
    {
        ActorSystemImpl system = new(name, config);
        system.Start();
        return system;
    }

    public abstract IActorRef ActorOf(Props props, string? name = null);

    public abstract ActorSelection ActorSelection(ActorPath actorPath);

    public abstract ActorSelection ActorSelection(string actorPath);

    public abstract void Stop(IActorRef actor);

    /// <summary>
    /// Stops all actors, children first, then the loggers and the scheduler. Runs <see cref="CoordinatedShutdown"/> first
    /// unless <c>akka.coordinated-shutdown.run-by-actor-system-terminate</c> is off.
    /// </summary>
    public abstract Task Terminate();

    /// <summary>Called, last registered first, when all actors have stopped.</summary>
    public abstract void RegisterOnTermination(Action code);

    public abstract object? RegisterExtension(IExtensionId extension);

    public abstract object? GetExtension(IExtensionId extensionId);

    public abstract T GetExtension<T>()
        where T : class, IExtension;

    public abstract bool HasExtension(Type type);

    public abstract bool HasExtension<T>()
        where T : class, IExtension;

    public abstract bool TryGetExtension(Type extensionType, out object extension);

    public abstract bool TryGetExtension<T>(out T extension)
        where T : class, IExtension;

    /// <summary>Starts termination without waiting for its end.</summary>
    public void Dispose()
    {
        _ = Terminate();
        GC.SuppressFinalize(this);
    }
}

/// <summary>What extensions may use besides.</summary>
public abstract class ExtendedActorSystem : ActorSystem
{
    protected ExtendedActorSystem()
    {
    }

    /// <summary>Finds actors by their paths.</summary>
    public abstract IActorRefProvider Provider { get; }

    /// <summary>Creates an actor under <c>/system</c>: it outlives all user actors.</summary>
    public abstract IActorRef SystemActorOf(Props props, string? name = null);

    public abstract IActorRef SystemActorOf<TActor>(string? name = null)
        where TActor : ActorBase, new();
}
