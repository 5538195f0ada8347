using System.Collections.Concurrent;

namespace Akka.Actor;

/// <summary>Finds the actors of its own system; a provider for remoting finds those of others besides.</summary>
internal class LocalActorRefProvider : IActorRefProvider
{
    private readonly ConcurrentDictionary<string, IInternalActorRef> _temporary = new();

    private long _lastTemp;

    public LocalActorRefProvider(ActorSystemImpl system)
        : this(system, firstNumber: 0)
    {
    }

    protected LocalActorRefProvider(ActorSystemImpl system, long firstNumber)
    {
        System = system;
        FirstNumber = firstNumber;
        _lastTemp = firstNumber;
        RootPath = new RootActorPath(new Address("akka", system.Name));
    }

    public ActorSystemImpl System { get; }

    /// <summary>After which incarnations are numbered, and references that live for one answer.</summary>
    public long FirstNumber { get; }

    public ActorPath RootPath { get; }

    public Settings Settings => System.Settings;

    public IActorRef DeadLetters => System.DeadLetters;

    public virtual Address DefaultAddress => RootPath.Address;

    /// <summary>Called once, when the system's own actors can be made.</summary>
    public virtual void Start()
    {
    }

    /// <summary>Called once, when all actors have stopped.</summary>
    public virtual Task StopAsync() => Task.CompletedTask;

    public virtual Address? GetExternalAddressFor(Address address) => address == RootPath.Address ? address : null;

    public IActorRef ResolveActorRef(string path) =>
        ActorPath.TryParse(path, out ActorPath? parsed) ? ResolveActorRef(parsed!) : DeadLetters;

    public virtual IActorRef ResolveActorRef(ActorPath actorPath) =>
        actorPath.Address == RootPath.Address ? ResolveLocal(actorPath) : DeadLetters;

    public virtual IActorRef RootGuardianAt(Address address) =>
        address == RootPath.Address ? System.RootGuardianRef : DeadLetters;

    public ActorPath TempPath() => RootPath / "temp" / $"${Interlocked.Increment(ref _lastTemp)}";

    /// <summary>From now on the reference is found by its path.</summary>
    public void RegisterTemp(IInternalActorRef actorRef, ActorPath path) => _temporary[path.Name] = actorRef;

    public void UnregisterTemp(ActorPath path) => _temporary.TryRemove(path.Name, out _);

    /// <summary>Looks only at the elements and the unique id of the path, not at its address.</summary>
    protected IInternalActorRef ResolveLocal(ActorPath path)
    {
        IReadOnlyList<string> elements = path.Elements;
        if (elements is ["temp", var name])
        {
            return _temporary.TryGetValue(name, out IInternalActorRef? temporary) ? temporary : Missing(path);
        }

        if (elements is ["deadLetters"])
        {
            return System.DeadLetterRef;
        }

        IInternalActorRef found = System.RootGuardianRef;
        foreach (string element in elements)
        {
            found = found.GetSingleChild(element);
        }

        return found is Nobody || (path.Uid != 0 && path.Uid != found.Path.Uid) ? Missing(path) : found;
    }

    private EmptyLocalActorRef Missing(ActorPath path) => new(System, path);
}
