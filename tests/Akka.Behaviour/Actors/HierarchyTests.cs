using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>The tree of actors, looked at from outside.</summary>
public sealed class HierarchyTests() : TestKit.Xunit2.TestKit("akka.test.single-expect-default = 20s")
{
    [Fact]
    public async Task Tree_is_walked_from_the_root_with_props_and_children()
    {
        await Sys.ActorOf(Props.Create(() => new Parent()), "parent").Ask<string>("there?", TimeSpan.FromSeconds(3));
        IActorRefProvider provider = ((ExtendedActorSystem)Sys).Provider;

        ActorRefWithCell root = Assert.IsAssignableFrom<ActorRefWithCell>(provider.RootGuardianAt(provider.RootPath.Address));
        ActorRefWithCell parent = Child(Child(root, "user"), "parent");

        Assert.Contains(root.Children, child => child.Path.Name == "system");
        Assert.Equal(typeof(Parent), parent.Underlying.Props.Type);
        Assert.Equal(["first", "second"], parent.Children.Select(child => child.Path.Name).Order());
        Assert.Empty(Child(parent, "first").Children);
    }

    [Fact]
    public void Messages_that_wait_are_counted()
    {
        using ManualResetEventSlim gate = new();
        IActorRef busy = Sys.ActorOf(Props.Create(() => new Busy(gate, TestActor)), "busy");
        IActorRefProvider provider = ((ExtendedActorSystem)Sys).Provider;
        ActorRefWithCell cell = Child(Child((ActorRefWithCell)provider.RootGuardianAt(provider.RootPath.Address), "user"), "busy");
        busy.Tell("first");
        ExpectMsg("working");

        busy.Tell("second");
        busy.Tell("third");

        Assert.Equal(2, cell.Underlying.NumberOfMessages);
        gate.Set();
        ExpectMsg("working");
        ExpectMsg("working");
    }

    private static ActorRefWithCell Child(ActorRefWithCell actor, string name) => Assert.IsAssignableFrom<ActorRefWithCell>(actor.Children.Single(child => child.Path.Name == name));

    private sealed class Parent : ReceiveActor
    {
        public Parent()
        {
            Context.ActorOf(Props.Create(() => new Leaf()), "first");
            Context.ActorOf(Props.Create(() => new Leaf()), "second");
            ReceiveAny(_ => Sender.Tell("yes"));
        }
    }

    private sealed class Leaf : ReceiveActor
    {
    }

    private sealed class Busy : ReceiveActor
    {
        public Busy(ManualResetEventSlim gate, IActorRef probe) => ReceiveAny(_ =>
        {
            probe.Tell("working");
            gate.Wait(TimeSpan.FromSeconds(10));
        });
    }
}
