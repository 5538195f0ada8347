namespace Akka.Actor;

/// <summary>Something that exists once per actor system.</summary>
public interface IExtension
{
}

/// <summary>Makes and finds an extension.</summary>
public interface IExtensionId
{
    Type ExtensionType { get; }

    object Apply(ActorSystem system);

    object Get(ActorSystem system);

    object CreateExtension(ExtendedActorSystem system);
}

public interface IExtensionId<T> : IExtensionId
    where T : IExtension
{
    new T Apply(ActorSystem system);

    new T Get(ActorSystem system);

    new T CreateExtension(ExtendedActorSystem system);
}

/// <summary>Base for extension ids.</summary>
public abstract class ExtensionIdProvider<T> : IExtensionId<T>
    where T : IExtension
{
    protected ExtensionIdProvider()
    {
    }

    public Type ExtensionType => typeof(T);

    /// <summary>The system's instance, made on first use.</summary>
    public T Apply(ActorSystem system) => (T)system.RegisterExtension(this)!;

    public T Get(ActorSystem system) => Apply(system);

    public abstract T CreateExtension(ExtendedActorSystem system);

    object IExtensionId.Apply(ActorSystem system) => Apply(system);

    object IExtensionId.Get(ActorSystem system) => Get(system);

    object IExtensionId.CreateExtension(ExtendedActorSystem system) => CreateExtension(system);

    public override bool Equals(object? obj) => obj is ExtensionIdProvider<T>;

    public override int GetHashCode() => typeof(T).GetHashCode();
}

public static class ActorSystemWithExtensions
{
    /// <summary>The system's extension of that type; it is made by <typeparamref name="TI"/> if it isn't there.</summary>
    public static T WithExtension<T, TI>(this ActorSystem system)
        where T : class, IExtension
        where TI : IExtensionId
    {
        if (!system.HasExtension<T>())
        {
            system.RegisterExtension(Activator.CreateInstance<TI>());
        }

        return system.GetExtension<T>();
    }

    public static T WithExtension<T>(this ActorSystem system)
        where T : class, IExtension => system.GetExtension<T>();
}

public static class ActorRefFactoryExtensions
{
    /// <summary>Creates an actor whose type has a constructor without parameters.</summary>
    public static IActorRef ActorOf<TActor>(this IActorRefFactory factory, string? name = null)
        where TActor : ActorBase, new() => factory.ActorOf(Props.Create<TActor>(), name);
}
