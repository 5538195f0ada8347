using Akka.Actor;

namespace Akka.Streams.Implementation;

/// <summary>The materializer that a system has of its own, for graphs that are run on the system.</summary>
internal sealed class SystemMaterializer : IExtension
{
    private readonly ActorMaterializer _materializer;

    private SystemMaterializer(ActorSystem system) => _materializer = ActorMaterializer.Create(system);

    public static ActorMaterializer Of(ActorSystem system) => new Id().Get(system)._materializer;

    private sealed class Id : ExtensionIdProvider<SystemMaterializer>
    {
        public override SystemMaterializer CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
