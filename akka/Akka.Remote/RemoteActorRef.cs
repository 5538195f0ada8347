using Akka.Actor;
using Akka.Dispatch;
using Akka.Remote.Transport;
using Akka.Remote.Watch;

namespace Akka.Remote;

/// <summary>
/// A reference to an actor of another system: messages go to it over the association with that system. There is one from the first message on:
/// a reference alone, which anybody may have put into a message, leaves nothing behind.
/// </summary>
internal sealed class RemoteActorRef(RemoteActorRefProvider provider, ActorPath path) : InternalActorRefBase
{
    private Association? _association;
    private string? _serializedPath;

    public override ActorPath Path { get; } = path;

    /// <summary>The path as it goes over the wire.</summary>
    public string SerializedPath => _serializedPath ??= Path.ToSerializationFormat();

    public override bool IsLocal => false;

    /// <summary>Not known here: watch the actor to learn of its end.</summary>
    public override bool IsTerminated => false;

    internal override IInternalActorRef ParentRef =>
        Path.Depth == 0 ? this : new RemoteActorRef(provider, Path.Parent);

    internal override ActorSystemImpl SystemOfRef => provider.System;

    internal override IInternalActorRef ChildNamed(string name) => new RemoteActorRef(provider, Path / name);

    internal override void SystemTell(SystemMessage message)
    {
        switch (message)
        {
            case WatchMessage watch:
                provider.Watcher.Tell(new RemoteWatcher.WatchRemote(this, watch.Watcher));
                break;
            case UnwatchMessage unwatch:
                provider.Watcher.Tell(new RemoteWatcher.UnwatchRemote(this, unwatch.Watcher));
                break;
            default:
                throw new NotSupportedException($"{message.GetType().Name} does not go to other nodes ({this}).");
        }
    }

    public override void Start()
    {
    }

    /// <summary>Supervision ends at the node: the actor there stops itself, after the messages before.</summary>
    public override void Stop() => Tell(PoisonPill.Instance, ActorRefs.NoSender);

    public override void Suspend()
    {
    }

    public override void Resume(Exception? causedByFailure = null)
    {
    }

    public override void Restart(Exception cause)
    {
    }

    protected override void TellInternal(object message, IActorRef sender) =>
        (_association ??= provider.Remoting.AssociationWith(Path.Address)!).Send(message, sender, this);
}
