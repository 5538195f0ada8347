using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>Strategies and directives.</summary>
public sealed class SupervisionTests() : TestKit.Xunit2.TestKit("akka.test.single-expect-default = 20s")
{
    [Fact]
    public void Resume_keeps_the_state()
    {
        IActorRef child = ChildOf(new OneForOneStrategy(_ => Directive.Resume));
        child.Tell(1);
        ExpectMsg(1);
        child.Tell("fail");
        child.Tell(1);
        ExpectMsg(2);
    }

    [Fact]
    public void Restart_is_limited_by_the_number_of_retries()
    {
        IActorRef child = ChildOf(new OneForOneStrategy(1, TimeSpan.FromMinutes(1), _ => Directive.Restart));
        Watch(child);
        child.Tell("fail");
        child.Tell(1);
        ExpectMsg(1);
        child.Tell("fail");
        ExpectTerminated(child);
    }

    [Fact]
    public void Stop_ends_the_child_only()
    {
        IActorRef supervisor = Supervisor(new OneForOneStrategy(_ => Directive.Stop));
        IActorRef first = Child(supervisor);
        IActorRef second = Child(supervisor);
        Watch(first);
        first.Tell("fail");
        ExpectTerminated(first);
        second.Tell(5);
        ExpectMsg(5);
    }

    [Fact]
    public void AllForOne_restarts_the_siblings_too()
    {
        IActorRef supervisor = Supervisor(new AllForOneStrategy(_ => Directive.Restart));
        IActorRef first = Child(supervisor);
        IActorRef second = Child(supervisor);
        second.Tell(5);
        ExpectMsg(5);
        first.Tell("fail");
        first.Tell(1);
        ExpectMsg(1);

        // The first may be back before the second is told; what the supervisor does next comes after both.
        Child(supervisor);
        second.Tell(1);
        ExpectMsg(1);
    }

    [Fact]
    public void Escalate_makes_the_supervisor_fail()
    {
        IActorRef grandparent = Supervisor(new OneForOneStrategy(_ => Directive.Stop));
        grandparent.Tell(Props.Create(() => new Supervising(new OneForOneStrategy(_ => Directive.Escalate))));
        IActorRef parent = ExpectMsg<IActorRef>();
        IActorRef child = Child(parent);
        Watch(parent);
        child.Tell("fail");
        ExpectTerminated(parent);
    }

    [Fact]
    public void Failure_is_logged_with_its_message()
    {
        IActorRef child = ChildOf(new OneForOneStrategy(_ => Directive.Restart));
        EventFilter.Exception<InvalidOperationException>("asked to").ExpectOne(() => child.Tell("fail"));
    }

    [Fact]
    public void Decider_by_default_stops_what_cannot_be_made_and_restarts_the_rest()
    {
        Assert.Equal(Directive.Stop, SupervisorStrategy.DefaultDecider.Decide(new ActorInitializationException("x")));
        Assert.Equal(Directive.Stop, SupervisorStrategy.DefaultDecider.Decide(new ActorKilledException("x")));
        Assert.Equal(Directive.Stop, SupervisorStrategy.DefaultDecider.Decide(new DeathPactException(TestActor)));
        Assert.Equal(Directive.Restart, SupervisorStrategy.DefaultDecider.Decide(new InvalidOperationException("x")));
    }

    private IActorRef Supervisor(SupervisorStrategy strategy) => Sys.ActorOf(Props.Create(() => new Supervising(strategy)));

    private IActorRef Child(IActorRef supervisor)
    {
        supervisor.Tell(Props.Create(() => new Summing()));
        return ExpectMsg<IActorRef>();
    }

    private IActorRef ChildOf(SupervisorStrategy strategy) => Child(Supervisor(strategy));

    private sealed class Supervising : ReceiveActor
    {
        private readonly SupervisorStrategy _strategy;

        public Supervising(SupervisorStrategy strategy)
        {
            _strategy = strategy;
            Receive<Props>(props => Sender.Tell(Context.ActorOf(props)));
        }

        protected override SupervisorStrategy SupervisorStrategy() => _strategy;
    }

    private sealed class Summing : ReceiveActor
    {
        private int _sum;

        public Summing()
        {
            Receive<int>(number =>
            {
                _sum += number;
                Sender.Tell(_sum);
            });
            Receive<string>(static _ => throw new InvalidOperationException("asked to"));
        }
    }
}
