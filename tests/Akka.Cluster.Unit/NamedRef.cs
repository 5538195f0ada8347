using Akka.Actor;

namespace Akka.Cluster.Unit;

/// <summary>A reference to nobody, on the node of its name.</summary>
internal sealed class NamedRef(Address node) : ActorRefBase
{
    public NamedRef(string host, bool isLocal = false)
        : this(isLocal ? new Address("akka", "test") : new Address("akka.tcp", "test", host, 2552))
    {
    }

    public override ActorPath Path { get; } = new RootActorPath(node) / "system" / "region";

    protected override void TellInternal(object message, IActorRef sender) => throw new NotSupportedException();
}
