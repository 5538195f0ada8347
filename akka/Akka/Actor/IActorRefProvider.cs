namespace Akka.Actor;

/// <summary>Finds actors by their paths, here or on other nodes.</summary>
public interface IActorRefProvider
{
    ActorPath RootPath { get; }

    Settings Settings { get; }

    IActorRef DeadLetters { get; }

    /// <summary>How this system names itself to others; without host where there is no remoting.</summary>
    Address DefaultAddress { get; }

    /// <summary>How this system is named by the system at <paramref name="address"/>, or null when that is out of reach.</summary>
    Address? GetExternalAddressFor(Address address);

    /// <summary>The actor at the path; when there is none, a reference whose messages become dead letters.</summary>
    IActorRef ResolveActorRef(string path);

    IActorRef ResolveActorRef(ActorPath actorPath);

    /// <summary>The root of the tree of the system at <paramref name="address"/>; the dead letters when that is out of reach.</summary>
    IActorRef RootGuardianAt(Address address);

    /// <summary>A fresh path for a reference that lives for one answer.</summary>
    ActorPath TempPath();
}
