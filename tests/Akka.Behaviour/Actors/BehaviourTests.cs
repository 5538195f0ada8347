using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>Become, stash, asynchronous receives, receive time-out.</summary>
public sealed class BehaviourTests() : TestKit.Xunit2.TestKit("akka.test.single-expect-default = 20s")
{
    [Fact]
    public void Become_replaces_and_stacked_behaviours_come_back()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Moody()));
        foreach (string message in new[] { "?", "push", "?", "pop", "?", "replace", "?" })
        {
            actor.Tell(message);
        }

        Assert.Equal(new object[] { "calm", "angry", "calm", "happy" }, ReceiveN(4));
    }

    [Fact]
    public void Unstash_puts_messages_before_the_mailbox_in_their_order()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Stashing(TestActor)));
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell("open");
        actor.Tell(3);
        Assert.Equal(new object[] { "open", 1, 2, 3 }, ReceiveN(4));
    }

    [Fact]
    public void Stash_goes_back_to_the_mailbox_at_restart()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new StashingOnce(TestActor)));
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell("fail");
        Assert.Equal(new object[] { "made", "made", 1, 2 }, ReceiveN(4));
    }

    [Fact]
    public void Stashing_a_message_twice_fails()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new DoubleStash()));
        EventFilter.Exception<IllegalActorStateException>().ExpectOne(() => actor.Tell("x"));
    }

    [Fact]
    public void Async_receive_lets_no_other_message_in_and_keeps_the_sender()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef actor = Sys.ActorOf(Props.Create(() => new AsyncActor(gate.Task)));
        actor.Tell("slow");
        actor.Tell(1);
        ExpectMsg("began");
        gate.SetResult();
        ExpectMsg("ended");
        ExpectMsg(1);
    }

    [Fact]
    public void Async_receive_that_fails_restarts_the_actor()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef actor = Sys.ActorOf(Props.Create(() => new AsyncActor(gate.Task)));
        EventFilter.Exception<InvalidOperationException>("async").ExpectOne(() =>
        {
            actor.Tell(new InvalidOperationException("async"));
            actor.Tell(1);
            gate.SetResult();
            ExpectMsg(1);
        });
    }

    [Fact]
    public void Handlers_are_tried_in_the_order_of_declaration()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Ordered()));
        actor.Tell(5);
        actor.Tell(50);
        actor.Tell("x");
        Assert.Equal(new object[] { "small", "any int", "object" }, ReceiveN(3));
    }

    [Fact]
    public void ReceiveTimeout_comes_when_no_message_does_and_can_be_ended()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Impatient(TestActor)));
        ExpectMsg("timeout");
        actor.Tell("end");
        FishForMessage<string>(message => message == "ended");

        // One that fell due while it was ended may still come; a timeout that goes on would come again and again.
        _ = ReceiveOne(TimeSpan.FromMilliseconds(150));
        ExpectNoMsg(TimeSpan.FromMilliseconds(150));
    }

    private sealed class Moody : ReceiveActor
    {
        public Moody() => Calm();

        private void Calm() => Declare("calm");

        private void Angry() => Declare("angry");

        private void Happy() => Declare("happy");

        private void Declare(string mood)
        {
            Receive<string>(message => message == "?", _ => Sender.Tell(mood));
            Receive<string>(message => message == "push", _ => BecomeStacked(Angry));
            Receive<string>(message => message == "pop", _ => UnbecomeStacked());
            Receive<string>(message => message == "replace", _ => Become(Happy));
        }
    }

    private sealed class Stashing : ReceiveActor, IWithUnboundedStash
    {
        public Stashing(IActorRef log)
        {
            Receive<string>(message =>
            {
                log.Tell(message);
                Become(() => Receive<int>(number => log.Tell(number)));
                Stash.UnstashAll();
            });
            Receive<int>(_ => Stash.Stash());
        }

        public IStash Stash { get; set; } = null!;
    }

    private sealed class StashingOnce : ReceiveActor, IWithUnboundedStash
    {
        private readonly IActorRef _log;
        private bool _restarted;

        public StashingOnce(IActorRef log)
        {
            _log = log;
            log.Tell("made");
            Receive<string>(static _ => throw new InvalidOperationException("asked to"));
            Receive<int>(number =>
            {
                if (_restarted)
                {
                    _log.Tell(number);
                }
                else
                {
                    Stash.Stash();
                }
            });
        }

        public IStash Stash { get; set; } = null!;

        protected override void PostRestart(Exception reason) => _restarted = true;
    }

    private sealed class DoubleStash : ReceiveActor, IWithUnboundedStash
    {
        public DoubleStash() => ReceiveAny(_ =>
        {
            Stash.Stash();
            Stash.Stash();
        });

        public IStash Stash { get; set; } = null!;

        protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

        protected override void PreRestart(Exception reason, object message)
        {
            Stash.ClearStash();
            base.PreRestart(reason, message);
        }
    }

    private sealed class AsyncActor : ReceiveActor
    {
        public AsyncActor(Task gate)
        {
            ReceiveAsync<string>(async _ =>
            {
                Sender.Tell("began");
                await gate;
                Sender.Tell("ended");
            });
            ReceiveAsync<Exception>(async failure =>
            {
                await gate;
                throw failure;
            });
            Receive<int>(number => Sender.Tell(number));
        }
    }

    private sealed class Ordered : ReceiveActor
    {
        public Ordered()
        {
            Receive<int>(_ => Sender.Tell("small"), number => number < 10);
            Receive<int>(_ => Sender.Tell("any int"));
            ReceiveAny(_ => Sender.Tell("object"));
        }
    }

    private sealed class Impatient : ReceiveActor
    {
        public Impatient(IActorRef log)
        {
            Receive<ReceiveTimeout>(_ => log.Tell("timeout"));
            Receive<string>(_ =>
            {
                SetReceiveTimeout(null);
                log.Tell("ended");
            });
        }

        protected override void PreStart() => SetReceiveTimeout(TimeSpan.FromMilliseconds(20));
    }
}
