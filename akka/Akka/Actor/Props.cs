using System.Linq.Expressions;

namespace Akka.Actor;

/// <summary>How to make an actor: its type, constructor arguments and settings. Immutable, safe to share.</summary>
public class Props : IEquatable<Props>
{
    /// <summary>Props that make nothing.</summary>
    public static readonly Props None = new(typeof(object), [], null);

    private readonly Func<ActorBase>? _factory;

    public Props(Type type, object[] args)
        : this(type, args, null)
    {
    }

    public Props(Type type)
        : this(type, [], null)
    {
    }

    private Props(Type type, object[] args, Func<ActorBase>? factory)
    {
        Type = type;
        Arguments = args;
        _factory = factory;
    }

    public Type Type { get; }

    public object[] Arguments { get; }

    public string TypeName => Type.AssemblyQualifiedName!;

    /// <summary>Path of the dispatcher's settings; empty for the default one.</summary>
    public string Dispatcher { get; private init; } = "";

    /// <summary>The strategy for the made actor's children, instead of its own; null when not set.</summary>
    public SupervisorStrategy? SupervisorStrategy { get; private init; }

    internal int StashCapacity { get; private init; } = -1;

    /// <summary>Takes the constructor and its arguments out of <c>() =&gt; new X(a, b)</c>; the arguments are evaluated once, now.</summary>
    /// <exception cref="ArgumentException">The expression is anything but a constructor call.</exception>
    public static Props Create<TActor>(Expression<Func<TActor>> factory, SupervisorStrategy? supervisorStrategy = null)
        where TActor : ActorBase
    {
        if (factory.Body is not NewExpression { Constructor: { } constructor } body)
        {
            throw new ArgumentException("The create function must be a 'new T (args)' expression");
        }

        object?[] args = ExpressionArguments.Evaluate(body);
        return new Props(typeof(TActor), args!, ActorActivator.For(constructor, args)) { SupervisorStrategy = supervisorStrategy };
    }

    public static Props Create<TActor>(params object[] args)
        where TActor : ActorBase => new(typeof(TActor), args);

    public static Props Create<TActor>(SupervisorStrategy supervisorStrategy)
        where TActor : ActorBase, new() => new Props(typeof(TActor)).WithSupervisorStrategy(supervisorStrategy);

    /// <exception cref="ArgumentNullException">There is no type.</exception>
    public static Props Create(Type type, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(type);
        return new Props(type, args);
    }

    public Props WithDispatcher(string dispatcher) => new(this) { Dispatcher = dispatcher };

    public Props WithSupervisorStrategy(SupervisorStrategy supervisorStrategy) =>
        new(this) { SupervisorStrategy = supervisorStrategy };

    /// <summary>Bounds the stash; one message more and <c>Stash()</c> throws <see cref="StashOverflowException"/>.</summary>
    public Props WithStashCapacity(int stashCapacity) => new(this) { StashCapacity = stashCapacity };

    /// <exception cref="TypeLoadException">No constructor takes the arguments.</exception>
    public virtual ActorBase NewActor() => _factory is not null ? _factory() : ActorActivator.Create(Type, Arguments);

    public bool Equals(Props? other) => other is not null && Type == other.Type && Dispatcher == other.Dispatcher
        && StashCapacity == other.StashCapacity && Equals(SupervisorStrategy, other.SupervisorStrategy)
        && Arguments.SequenceEqual(other.Arguments);

    public override bool Equals(object? obj) => Equals(obj as Props);

    public override int GetHashCode() => HashCode.Combine(Type, Dispatcher, Arguments.Length);

    protected Props(Props copy)
        : this(copy.Type, copy.Arguments, copy._factory)
    {
        Dispatcher = copy.Dispatcher;
        SupervisorStrategy = copy.SupervisorStrategy;
        StashCapacity = copy.StashCapacity;
    }
}
