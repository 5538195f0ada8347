using Akka.Actor;
using Akka.Dispatch;

namespace Akka.TestKit;

/// <summary>A test actor of its own, that can stand in for any actor.</summary>
public class TestProbe : TestKitBase, INoImplicitSender, IInternalActorRef
{
    public TestProbe(ActorSystem system, ITestKitAssertions assertions, string? testProbeName = null)
        : base(assertions, system, testProbeName)
    {
    }

    public IActorRef Ref => TestActor;

    /// <summary>Who sent the last message that was looked at.</summary>
    public IActorRef Sender => LastSender;

    ActorPath IActorRef.Path => TestActor.Path;

    bool IActorRefScope.IsLocal => true;

    IInternalActorRef IInternalActorRef.Parent => Internal.Parent;

    ActorSystemImpl IInternalActorRef.SystemImpl => Internal.SystemImpl;

    bool IInternalActorRef.IsTerminated => Internal.IsTerminated;

    private IInternalActorRef Internal => (IInternalActorRef)TestActor;

    /// <summary>Sends with the probe as the sender.</summary>
    public void Send(IActorRef actor, object message) => actor.Tell(message, TestActor);

    /// <summary>Passes the last message on, with its sender.</summary>
    public void Forward(IActorRef actor) => actor.Tell(LastMessage!, Sender);

    public void Forward(IActorRef actor, object message) => actor.Tell(message, Sender);

    /// <summary>Answers the last message.</summary>
    public void Reply(object message) => Sender.Tell(message, TestActor);

    public int CompareTo(object? obj) => TestActor.CompareTo(obj);

    public override bool Equals(object? obj) => TestActor.Equals(obj is TestProbe probe ? probe.TestActor : obj);

    public override int GetHashCode() => TestActor.GetHashCode();

    public override string ToString() => TestActor.ToString()!;

    void ICanTell.Tell(object message, IActorRef sender) => TestActor.Tell(message, sender);

    bool IEquatable<IActorRef>.Equals(IActorRef? other) => Equals(other);

    int IComparable<IActorRef>.CompareTo(IActorRef? other) => TestActor.CompareTo(other);

    IInternalActorRef IInternalActorRef.GetSingleChild(string name) => Internal.GetSingleChild(name);

    void IInternalActorRef.SendSystemMessage(SystemMessage message) => Internal.SendSystemMessage(message);

    void IInternalActorRef.Start() => Internal.Start();

    void IInternalActorRef.Stop() => Internal.Stop();

    void IInternalActorRef.Suspend() => Internal.Suspend();

    void IInternalActorRef.Resume(Exception? causedByFailure) => Internal.Resume(causedByFailure);

    void IInternalActorRef.Restart(Exception cause) => Internal.Restart(cause);
}
