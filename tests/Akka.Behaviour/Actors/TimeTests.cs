using Akka.Actor;
using Akka.TestKit;

namespace Akka.Behaviour.Actors;

/// <summary>Scheduler and timers, on virtual time.</summary>
public sealed class TimeTests : TestKit.Xunit2.TestKit
{
    public TimeTests()
        : base("""akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """)
    {
    }

    private TestScheduler Clock => (TestScheduler)Sys.Scheduler;

    [Fact]
    public void Scheduled_messages_come_in_the_order_of_their_times()
    {
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromSeconds(2), TestActor, "second", ActorRefs.NoSender);
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromSeconds(1), TestActor, "first", ActorRefs.NoSender);
        Clock.Advance(TimeSpan.FromSeconds(5));
        ExpectMsg("first");
        ExpectMsg("second");
    }

    [Fact]
    public void Cancelled_message_does_not_come()
    {
        ICancelable cancelable = Sys.Scheduler.ScheduleTellRepeatedlyCancelable(
            TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TestActor, "tick", ActorRefs.NoSender);
        Clock.Advance(TimeSpan.FromSeconds(1));
        ExpectMsg("tick");
        cancelable.Cancel();
        Clock.Advance(TimeSpan.FromSeconds(5));
        TestActor.Tell("marker");
        ExpectMsg("marker");
    }

    [Fact]
    public void Timer_fires_once_or_repeatedly_and_is_replaced_by_key()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Timed(TestActor)));
        actor.Tell(new Start("key", "old", Repeat: false));
        actor.Tell(new Start("key", "new", Repeat: true));
        ExpectMsg("started");
        ExpectMsg("started");
        Clock.Advance(TimeSpan.FromSeconds(1));
        ExpectMsg("new");
        Clock.Advance(TimeSpan.FromSeconds(1));
        ExpectMsg("new");
    }

    [Fact]
    public void Timer_message_in_the_mailbox_is_not_delivered_after_cancel()
    {
        using ManualResetEventSlim gate = new();
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Timed(TestActor)));
        actor.Tell(new Start("key", "stale", Repeat: false));
        ExpectMsg("started");
        actor.Tell(gate);
        Clock.Advance(TimeSpan.FromSeconds(1));
        gate.Set();
        ExpectMsg("cancelled");
        actor.Tell("echo");
        ExpectMsg("echo");
    }

    [Fact]
    public void Timers_end_with_a_restart()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Timed(TestActor)));
        actor.Tell(new Start("key", "stale", Repeat: true));
        ExpectMsg("started");
        actor.Tell("fail");
        actor.Tell("echo");
        ExpectMsg("echo");
        Clock.Advance(TimeSpan.FromSeconds(3));
        actor.Tell("echo");
        ExpectMsg("echo");
    }

    private sealed record Start(string Key, string Message, bool Repeat);

    private sealed class Timed : ReceiveActor, IWithTimers
    {
        public Timed(IActorRef log)
        {
            Receive<Start>(start =>
            {
                if (start.Repeat)
                {
                    Timers.StartPeriodicTimer(start.Key, start.Message, TimeSpan.FromSeconds(1));
                }
                else
                {
                    Timers.StartSingleTimer(start.Key, start.Message, TimeSpan.FromSeconds(1));
                }

                log.Tell("started");
            });
            Receive<ManualResetEventSlim>(gate =>
            {
                gate.Wait();
                Timers.CancelAll();
                log.Tell("cancelled");
            });
            Receive<string>(message => message == "fail", static _ => throw new InvalidOperationException("asked to"));
            Receive<string>(log.Tell);
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }
}
