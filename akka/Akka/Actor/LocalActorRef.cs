using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>The reference of an actor in this process.</summary>
internal sealed class LocalActorRef : ActorRefWithCell
{
    private readonly ActorCell _cell;

    public LocalActorRef(ActorSystemImpl system, Props props, MessageDispatcher dispatcher, IInternalActorRef supervisor, ActorPath path)
    {
        Path = path;
        _cell = new ActorCell(system, this, props, dispatcher, supervisor);
    }

    public ActorCell Cell => _cell;

    public override ICell Underlying => _cell;

    public override IEnumerable<IActorRef> Children => _cell.GetChildren();

    public override ActorPath Path { get; }

    public override bool IsLocal => true;

    public override bool IsTerminated => _cell.IsTerminated;

    internal override IInternalActorRef ParentRef => _cell.ParentRef;

    internal override ActorSystemImpl SystemOfRef => _cell.SystemImpl;

    internal override IInternalActorRef ChildNamed(string name) => _cell.SingleChild(name);

    internal override void SystemTell(SystemMessage message) => _cell.SendSystemMessage(message);

    public override void Start() => SystemTell(new CreateMessage());

    public override void Stop() => SystemTell(new TerminateMessage());

    public override void Suspend() => SystemTell(new SuspendMessage());

    public override void Resume(Exception? causedByFailure = null) => SystemTell(new ResumeMessage(causedByFailure));

    public override void Restart(Exception cause) => SystemTell(new RecreateMessage(cause));

    protected override void TellInternal(object message, IActorRef sender) => _cell.SendMessage(message, sender);
}
