using Akka.Actor;
using Akka.Event;

namespace Akka.Behaviour.Actors;

/// <summary>Telling, asking, ordering, dead letters.</summary>
public sealed class MessagingTests() : TestKit.Xunit2.TestKit("akka.test.single-expect-default = 20s")
{
    [Fact]
    public void Messages_of_one_sender_arrive_in_order()
    {
        IActorRef forwarder = Sys.ActorOf(Props.Create(() => new Forwarder(TestActor)));
        for (int i = 0; i < 1000; i++)
        {
            forwarder.Tell(i);
        }

        Assert.Equal(Enumerable.Range(0, 1000).Cast<object>(), ReceiveN(1000));
    }

    [Fact]
    public void Actor_processes_one_message_at_a_time_from_many_threads()
    {
        const int threads = 4;
        const int each = 20_000;
        IActorRef counter = Sys.ActorOf(Props.Create(() => new Counter(threads * each, TestActor)));
        IActorRef[] senders = [.. Enumerable.Range(0, threads).Select(_ => Sys.ActorOf(Props.Create(() => new Burst(counter, each))))];
        foreach (IActorRef sender in senders)
        {
            sender.Tell("go");
        }

        ExpectMsg(threads * each, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Ask_completes_with_the_answer()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()));
        Assert.Equal("x", await echo.Ask<string>("x", TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task Ask_fails_when_no_answer_comes_in_time()
    {
        IActorRef silent = Sys.ActorOf(Props.Create(() => new Silent()));
        await Assert.ThrowsAsync<AskTimeoutException>(() => silent.Ask<string>("x", TimeSpan.FromMilliseconds(50)));
    }

    // Whoever waits would do so for good: what counts its time ends with the system.
    [Fact]
    public async Task Ask_fails_when_the_system_ends_before_an_answer_and_before_its_time()
    {
        ActorSystem system = ActorSystem.Create("ends");
        IActorRef silent = system.ActorOf(Props.Create(() => new Silent()));
        Task<string> asked = silent.Ask<string>("x", TimeSpan.FromHours(1));

        await system.Terminate();

        await Assert.ThrowsAsync<AskTimeoutException>(() => asked.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Ask_fails_with_the_cause_of_a_status_failure()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()));
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(
            () => echo.Ask<string>(new Status.Failure(new InvalidOperationException("no")), TimeSpan.FromSeconds(3)));
        Assert.Equal("no", thrown.Message);
    }

    [Fact]
    public async Task Ask_is_cancelled_by_its_token()
    {
        IActorRef silent = Sys.ActorOf(Props.Create(() => new Silent()));
        using CancellationTokenSource source = new();
        Task<string> answer = silent.Ask<string>("x", TimeSpan.FromSeconds(30), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public void Forward_keeps_the_sender()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()));
        IActorRef relay = Sys.ActorOf(Props.Create(() => new Relay(echo)));
        relay.Tell("x");
        ExpectMsg("x");
        Assert.Equal(echo, LastSender);
    }

    [Fact]
    public void Message_to_a_stopped_actor_becomes_a_dead_letter()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()));
        Watch(echo);
        Sys.Stop(echo);
        ExpectTerminated(echo);
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        echo.Tell("lost", TestActor);
        DeadLetter letter = ExpectMsg<DeadLetter>();
        Assert.Equal("lost", letter.Message);
        Assert.Equal(echo, letter.Recipient);
        Assert.Equal(TestActor, letter.Sender);
    }

    [Fact]
    public void Messages_left_in_the_mailbox_of_a_stopped_actor_become_dead_letters()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        using ManualResetEventSlim gate = new();
        IActorRef blocked = Sys.ActorOf(Props.Create(() => new Gated(gate)));
        blocked.Tell("first");
        blocked.Tell(PoisonPill.Instance);
        blocked.Tell("second");
        gate.Set();
        Assert.Equal("second", ExpectMsg<DeadLetter>().Message);
    }

    [Fact]
    public void Message_that_no_handler_takes_is_published_as_unhandled()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(UnhandledMessage));
        IActorRef actor = Sys.ActorOf(Props.Create(() => new OnlyInts()));
        actor.Tell("text");
        UnhandledMessage unhandled = ExpectMsg<UnhandledMessage>();
        Assert.Equal("text", unhandled.Message);
        Assert.Equal(actor, unhandled.Recipient);
    }

    [Fact]
    public void Event_stream_delivers_subclasses_and_stops_after_unsubscribe()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(ArgumentException));
        Sys.EventStream.Publish(new ArgumentNullException("a"));
        ExpectMsg<ArgumentNullException>();
        Assert.True(Sys.EventStream.Unsubscribe(TestActor, typeof(ArgumentException)));
        Sys.EventStream.Publish(new ArgumentNullException("b"));
        TestActor.Tell("marker");
        ExpectMsg("marker");
    }

    [Fact]
    public void PipeTo_sends_result_failure_and_mapped_values()
    {
        TaskCompletionSource<int> succeeding = new();
        TaskCompletionSource<int> failing = new();
        succeeding.Task.PipeTo(TestActor, success: value => $"got {value}");
        succeeding.SetResult(7);
        ExpectMsg("got 7");
        failing.Task.PipeTo(TestActor);
        failing.SetException(new InvalidOperationException("bad"));
        Assert.Equal("bad", ExpectMsg<Status.Failure>().Cause.Message);
        Task.FromException(new InvalidOperationException("worse")).PipeTo(TestActor, failure: cause => cause.Message);
        ExpectMsg("worse");
    }

    [Fact]
    public async Task GracefulStop_completes_when_the_actor_has_stopped()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()));
        Assert.True(await echo.GracefulStop(TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task Identify_is_answered_with_the_reference()
    {
        IActorRef echo = Sys.ActorOf(Props.Create(() => new Echo()), "someone");
        ActorIdentity identity = await Sys.ActorSelection("/user/someone").Ask<ActorIdentity>(new Identify(1), TimeSpan.FromSeconds(3));
        Assert.Equal(echo, identity.Subject);
        await Assert.ThrowsAsync<ActorNotFoundException>(() => Sys.ActorSelection("/user/nobody").ResolveOne(TimeSpan.FromSeconds(3)));
    }

    private sealed class Forwarder : ReceiveActor
    {
        public Forwarder(IActorRef target) => ReceiveAny(target.Tell);
    }

    private sealed class Burst : ReceiveActor
    {
        public Burst(IActorRef target, int count) => ReceiveAny(_ =>
        {
            for (int i = 0; i < count; i++)
            {
                target.Tell(i);
            }
        });
    }

    private sealed class Counter : UntypedActor
    {
        private readonly int _expected;
        private readonly IActorRef _report;
        private int _count;

        public Counter(int expected, IActorRef report)
        {
            _expected = expected;
            _report = report;
        }

        protected override void OnReceive(object message)
        {
            // Not atomic on purpose: two turns at once would lose increments.
            _count++;
            if (_count == _expected)
            {
                _report.Tell(_count);
            }
        }
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }

    private sealed class Silent : ReceiveActor
    {
        public Silent() => ReceiveAny(static _ => { });
    }

    private sealed class Relay : ReceiveActor
    {
        public Relay(IActorRef target) => ReceiveAny(target.Forward);
    }

    private sealed class Gated : ReceiveActor
    {
        public Gated(ManualResetEventSlim gate) => ReceiveAny(_ => gate.Wait());
    }

    private sealed class OnlyInts : ReceiveActor
    {
        public OnlyInts() => Receive<int>(static _ => { });
    }
}
