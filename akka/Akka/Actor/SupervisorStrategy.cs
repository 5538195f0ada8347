using Akka.Event;

namespace Akka.Actor;

/// <summary>What to do about a child that failed.</summary>
public enum Directive
{
    /// <summary>Goes on with the next message; the instance keeps its state.</summary>
    Resume,

    /// <summary>A fresh instance goes on with the next message.</summary>
    Restart,

    /// <summary>The supervisor fails in turn.</summary>
    Escalate,

    Stop,
}

/// <summary>Chooses a directive by the exception.</summary>
public interface IDecider
{
    Directive Decide(Exception cause);
}

public class LocalOnlyDecider : IDecider
{
    private readonly Func<Exception, Directive> _decider;

    public LocalOnlyDecider(Func<Exception, Directive> decider) => _decider = decider;

    public Directive Decide(Exception cause) => _decider(cause);
}

/// <summary>Chooses by a table of exception types; the first one that fits counts.</summary>
public class DeployableDecider : IDecider
{
    public DeployableDecider(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs)
        : this(defaultDirective, pairs.ToArray())
    {
    }

    public DeployableDecider(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs)
    {
        DefaultDirective = defaultDirective;
        Pairs = pairs;
    }

    public Directive DefaultDirective { get; }

    public KeyValuePair<Type, Directive>[] Pairs { get; }

    public Directive Decide(Exception cause)
    {
        foreach ((Type type, Directive directive) in Pairs)
        {
            if (type.IsInstanceOfType(cause))
            {
                return directive;
            }
        }

        return DefaultDirective;
    }
}

public static class Decider
{
    public static LocalOnlyDecider From(Func<Exception, Directive> localOnlyDecider) => new(localOnlyDecider);

    public static DeployableDecider From(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs) =>
        new(defaultDirective, pairs);

    public static DeployableDecider From(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs) =>
        new(defaultDirective, pairs);
}

/// <summary>How a supervisor treats failing children.</summary>
public abstract class SupervisorStrategy
{
    /// <summary>Stops what can't be made, was killed or didn't take a death; restarts everything else.</summary>
    public static readonly IDecider DefaultDecider = Akka.Actor.Decider.From(cause => cause switch
    {
        ActorInitializationException or ActorKilledException or DeathPactException => Directive.Stop,
        _ => Directive.Restart,
    });

    /// <summary>Restarts without limit, by <see cref="DefaultDecider"/>.</summary>
    public static readonly SupervisorStrategy DefaultStrategy = new OneForOneStrategy(DefaultDecider);

    /// <summary>Stops the child whatever the failure.</summary>
    public static readonly OneForOneStrategy StoppingStrategy = new(_ => Directive.Stop);

    private protected SupervisorStrategy()
    {
    }

    public abstract IDecider Decider { get; }

    protected bool LoggingEnabled { get; set; } = true;

    protected abstract Directive Handle(IActorRef child, Exception exception);

    protected virtual void LogFailure(IActorContext context, IActorRef child, Exception cause, Directive directive)
    {
        if (!LoggingEnabled)
        {
            return;
        }

        string message = cause is ActorInitializationException { InnerException: { } inner } ? inner.Message : cause.Message;
        switch (directive)
        {
            case Directive.Resume:
                context.System.EventStream.Publish(new Warning(child.Path.ToString(), GetType(), message));
                break;
            case Directive.Restart or Directive.Stop:
                context.System.EventStream.Publish(new Error(cause, child.Path.ToString(), GetType(), message));
                break;
        }
    }

    /// <summary>Carries the directive out; false means to escalate.</summary>
    internal bool HandleFailure(ActorCell supervisor, IInternalActorRef child, Exception cause, ChildStats stats, IReadOnlyCollection<ChildStats> children)
    {
        Directive directive = Handle(child, cause);
        LogFailure(supervisor, child, cause, directive);
        switch (directive)
        {
            case Directive.Escalate:
                return false;
            case Directive.Resume:
                child.Resume(cause);
                return true;
            default:
                Process(supervisor, directive == Directive.Restart, child, cause, stats, children);
                return true;
        }
    }

    private protected abstract void Process(ActorCell supervisor, bool restart, IInternalActorRef child, Exception cause, ChildStats stats, IReadOnlyCollection<ChildStats> children);

    private protected static int Milliseconds(TimeSpan? span) => span is null ? -1 : (int)span.Value.TotalMilliseconds;
}

/// <summary>Treats the child that failed alone.</summary>
public class OneForOneStrategy : SupervisorStrategy
{
    private readonly IDecider _decider;

    /// <param name="maxNrOfRetries">Restarts allowed within the time range; null or -1 for no limit, 0 for none.</param>
    /// <param name="withinTimeRange">The time range; null for all time.</param>
    /// <param name="localOnlyDecider">Chooses the directive.</param>
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), decider)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, Akka.Actor.Decider.From(localOnlyDecider), loggingEnabled)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
    {
        _decider = decider;
        LoggingEnabled = loggingEnabled;
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
    }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider)
        : this(-1, -1, localOnlyDecider)
    {
    }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(-1, -1, localOnlyDecider, loggingEnabled)
    {
    }

    public OneForOneStrategy(IDecider decider)
        : this(-1, -1, decider)
    {
    }

    public int MaxNumberOfRetries { get; }

    public int WithinTimeRangeMilliseconds { get; }

    public override IDecider Decider => _decider;

    protected override Directive Handle(IActorRef child, Exception exception) => _decider.Decide(exception);

    private protected override void Process(ActorCell supervisor, bool restart, IInternalActorRef child, Exception cause, ChildStats stats, IReadOnlyCollection<ChildStats> children)
    {
        if (restart && stats.RequestRestartPermission(MaxNumberOfRetries, WithinTimeRangeMilliseconds))
        {
            child.Restart(cause);
        }
        else
        {
            supervisor.Stop(child);
        }
    }
}

/// <summary>Treats all children as it treats the one that failed.</summary>
public class AllForOneStrategy : SupervisorStrategy
{
    private readonly IDecider _decider;

    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), decider)
    {
    }

    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, Akka.Actor.Decider.From(localOnlyDecider), loggingEnabled)
    {
    }

    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
    {
        _decider = decider;
        LoggingEnabled = loggingEnabled;
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
    }

    public AllForOneStrategy(Func<Exception, Directive> localOnlyDecider)
        : this(-1, -1, localOnlyDecider)
    {
    }

    public AllForOneStrategy(IDecider decider)
        : this(-1, -1, decider)
    {
    }

    public int MaxNumberOfRetries { get; }

    public int WithinTimeRangeMilliseconds { get; }

    public override IDecider Decider => _decider;

    protected override Directive Handle(IActorRef child, Exception exception) => _decider.Decide(exception);

    private protected override void Process(ActorCell supervisor, bool restart, IInternalActorRef child, Exception cause, ChildStats stats, IReadOnlyCollection<ChildStats> children)
    {
        bool permitted = restart && children.All(each => each.RequestRestartPermission(MaxNumberOfRetries, WithinTimeRangeMilliseconds));
        foreach (IInternalActorRef each in children.Select(each => each.Child))
        {
            if (!permitted)
            {
                supervisor.Stop(each);
                continue;
            }

            if (!each.Equals(child))
            {
                each.Suspend();
            }

            each.Restart(cause);
        }
    }
}

/// <summary>Makes the strategy of the guardian of all user actors, by <c>akka.actor.guardian-supervisor-strategy</c>.</summary>
public abstract class SupervisorStrategyConfigurator
{
    protected SupervisorStrategyConfigurator()
    {
    }

    public abstract SupervisorStrategy Create();

    /// <exception cref="Configuration.ConfigurationException">There is no such type.</exception>
    public static SupervisorStrategyConfigurator CreateConfigurator(string typeName)
    {
        Type type = Type.GetType(typeName)
            ?? throw new Configuration.ConfigurationException($"Could not resolve SupervisorStrategyConfigurator class {typeName}");
        return (SupervisorStrategyConfigurator)Activator.CreateInstance(type)!;
    }
}

public class DefaultSupervisorStrategy : SupervisorStrategyConfigurator
{
    public override SupervisorStrategy Create() => SupervisorStrategy.DefaultStrategy;
}

public class StoppingSupervisorStrategy : SupervisorStrategyConfigurator
{
    public override SupervisorStrategy Create() => SupervisorStrategy.StoppingStrategy;
}
