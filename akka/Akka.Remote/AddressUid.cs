using Akka.Actor;

namespace Akka.Remote;

/// <summary>Tells this run of the system from earlier ones at the same address.</summary>
public class AddressUid : IExtension
{
    /// <summary>Drawn at random when the system starts; never 0.</summary>
    public readonly int Uid = Random.Shared.Next(1, int.MaxValue);
}

public class AddressUidExtension : ExtensionIdProvider<AddressUid>
{
    public override AddressUid CreateExtension(ExtendedActorSystem system) => new();

    public static int Uid(ActorSystem system) => new AddressUidExtension().Apply(system).Uid;
}
