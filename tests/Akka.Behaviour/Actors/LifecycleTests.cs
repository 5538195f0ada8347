using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>Start, restart, stop, names, children, death watch.</summary>
public sealed class LifecycleTests() : TestKit.Xunit2.TestKit("akka.test.single-expect-default = 20s")
{
    [Fact]
    public void Restart_keeps_the_mailbox_and_skips_the_failed_message()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Recorder(TestActor)));
        actor.Tell("a");
        actor.Tell("fail");
        actor.Tell("b");
        Assert.Equal(
            new object[] { "PreStart", "a", "PreRestart:fail", "PostStop", "PostRestart", "PreStart", "b" },
            ReceiveN(7));
    }

    [Fact]
    public void Reference_stays_valid_over_a_restart_and_state_is_fresh()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Stateful()));
        actor.Tell(1);
        ExpectMsg(1);
        actor.Tell(1);
        ExpectMsg(2);
        actor.Tell("fail");
        actor.Tell(1);
        ExpectMsg(1);
    }

    [Fact]
    public void Stop_ends_children_before_their_parent()
    {
        IActorRef parent = Sys.ActorOf(Props.Create(() => new Parent(TestActor, 2)), "parent");
        ExpectMsg("started");
        Watch(parent);
        Sys.Stop(parent);
        object[] stops = [.. ReceiveN(3)];
        Assert.Equal("parent", stops[2]);
        Assert.Equal(new object[] { "child0", "child1" }, stops.Take(2).OrderBy(name => (string)name));
        ExpectTerminated(parent);
    }

    [Fact]
    public void Restart_stops_children_by_default()
    {
        IActorRef parent = Sys.ActorOf(Props.Create(() => new Parent(TestActor, 1)), "restarting");
        ExpectMsg("started");
        parent.Tell("fail");
        Assert.Equal(new object[] { "restarting", "child0" }, ReceiveN(2).OrderByDescending(name => (string)name));
        ExpectMsg("started");
    }

    [Fact]
    public void PoisonPill_stops_after_earlier_messages()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Recorder(TestActor)));
        actor.Tell("a");
        actor.Tell(PoisonPill.Instance);
        Assert.Equal(new object[] { "PreStart", "a", "PostStop" }, ReceiveN(3));
    }

    [Fact]
    public void Kill_stops_by_the_default_strategy()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new Stateful()));
        Watch(actor);
        actor.Tell(Kill.Instance);
        ExpectTerminated(actor);
    }

    [Fact]
    public void Failing_constructor_stops_by_the_default_strategy()
    {
        using ManualResetEventSlim watched = new();
        IActorRef actor = Sys.ActorOf(Props.Create(() => new FailingConstructor(watched)));
        Watch(actor);
        watched.Set();
        ExpectTerminated(actor);
    }

    [Fact]
    public void Names_are_unique_and_generated_ones_begin_with_a_dollar()
    {
        Sys.ActorOf(Props.Create(() => new Stateful()), "one");
        Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Stateful()), "one"));
        Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Stateful()), ""));
        Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Stateful()), "a/b"));
        Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Stateful()), "$own"));
        Assert.StartsWith("$", Sys.ActorOf(Props.Create(() => new Stateful())).Path.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_can_be_used_again_after_termination()
    {
        IActorRef first = Sys.ActorOf(Props.Create(() => new Stateful()), "again");
        Watch(first);
        Sys.Stop(first);
        ExpectTerminated(first);
        IActorRef? second = null;
        AwaitAssert(() => second = Sys.ActorOf(Props.Create(() => new Stateful()), "again"));
        Assert.Equal(first.Path, second!.Path);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Creating_an_actor_with_new_fails()
    {
        ActorSystem outside = Sys;
        Exception? thrown = null;
        Thread thread = new(() => thrown = Record.Exception(() => new Stateful()));
        thread.Start();
        thread.Join();
        Assert.IsType<ActorInitializationException>(thrown);
        Assert.NotNull(outside);
    }

    [Fact]
    public void Terminated_arrives_once_and_after_the_last_message()
    {
        IActorRef actor = Sys.ActorOf(Props.Create(() => new LastWords(TestActor)));
        Watch(actor);
        actor.Tell("stop");
        ExpectMsg("last words");
        Assert.True(ExpectTerminated(actor).ExistenceConfirmed);
        Watch(actor);
        Assert.Equal(actor, ExpectMsg<Terminated>().ActorRef);
        TestActor.Tell("marker");
        ExpectMsg("marker");
    }

    [Fact]
    public void Unwatch_takes_back_a_queued_terminated()
    {
        IActorRef subject = Sys.ActorOf(Props.Create(() => new Stateful()));
        using ManualResetEventSlim died = new();
        IActorRef watcher = Sys.ActorOf(Props.Create(() => new ChangingItsMind(subject, died, TestActor)));
        watcher.Tell("watch");
        ExpectMsg("watching");
        Watch(subject);
        watcher.Tell("unwatch when dead");
        Sys.Stop(subject);
        ExpectTerminated(subject);
        died.Set();
        watcher.Tell("ping");
        ExpectMsg("unwatched");
        ExpectMsg("pong");
    }

    [Fact]
    public void WatchWith_sends_the_given_message()
    {
        IActorRef subject = Sys.ActorOf(Props.Create(() => new Stateful()));
        IActorRef watcher = Sys.ActorOf(Props.Create(() => new WatchingWith(subject, TestActor)));
        ExpectMsg("ready");
        Sys.Stop(subject);
        ExpectMsg("it died");
        Assert.False(watcher.IsNobody());
    }

    [Fact]
    public void Unhandled_terminated_is_a_death_pact()
    {
        IActorRef subject = Sys.ActorOf(Props.Create(() => new Stateful()));
        IActorRef bound = Sys.ActorOf(Props.Create(() => new Bound(subject, TestActor)));
        ExpectMsg("ready");
        Watch(bound);
        Sys.Stop(subject);
        ExpectTerminated(bound);
    }

    [Fact]
    public async Task Terminate_stops_all_actors_and_calls_back()
    {
        ActorSystem own = ActorSystem.Create("own");
        IActorRef recorder = own.ActorOf(Props.Create(() => new Recorder(TestActor)));
        ExpectMsg("PreStart");
        TaskCompletionSource callback = new();
        own.RegisterOnTermination(callback.SetResult);
        await own.Terminate().WaitAsync(TimeSpan.FromSeconds(10));
        ExpectMsg("PostStop");
        Assert.True(own.WhenTerminated.IsCompletedSuccessfully);
        await callback.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.NotNull(recorder);
    }

    private sealed class Recorder : UntypedActor
    {
        private readonly IActorRef _log;

        public Recorder(IActorRef log) => _log = log;

        protected override void PreStart() => _log.Tell("PreStart");

        protected override void PostStop() => _log.Tell("PostStop");

        protected override void PreRestart(Exception reason, object message)
        {
            _log.Tell($"PreRestart:{message}");
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            _log.Tell("PostRestart");
            base.PostRestart(reason);
        }

        protected override void OnReceive(object message)
        {
            if (message is "fail")
            {
                throw new InvalidOperationException("asked to");
            }

            _log.Tell(message);
        }
    }

    private sealed class Stateful : ReceiveActor
    {
        private int _sum;

        public Stateful()
        {
            Receive<int>(number =>
            {
                _sum += number;
                Sender.Tell(_sum);
            });
            Receive<string>(static _ => throw new InvalidOperationException("asked to"));
        }
    }

    private sealed class Parent : ReceiveActor
    {
        private readonly IActorRef _log;
        private readonly int _children;

        public Parent(IActorRef log, int children)
        {
            _log = log;
            _children = children;
            Receive<string>(static _ => throw new InvalidOperationException("asked to"));
        }

        protected override void PreStart()
        {
            for (int i = 0; i < _children; i++)
            {
                IActorRef log = _log;
                Context.ActorOf(Props.Create(() => new Child(log)), $"child{i}");
            }

            _log.Tell("started");
        }

        protected override void PostStop() => _log.Tell(Self.Path.Name);
    }

    private sealed class Child : ReceiveActor
    {
        private readonly IActorRef _log;

        public Child(IActorRef log)
        {
            _log = log;
            ReceiveAny(static _ => { });
        }

        protected override void PostStop() => _log.Tell(Self.Path.Name);
    }

    private sealed class FailingConstructor : ReceiveActor
    {
        public FailingConstructor(ManualResetEventSlim gate)
        {
            gate.Wait();
            throw new InvalidOperationException("cannot be made");
        }
    }

    private sealed class LastWords : ReceiveActor
    {
        private readonly IActorRef _log;

        public LastWords(IActorRef log)
        {
            _log = log;
            ReceiveAny(_ => Context.Stop(Self));
        }

        protected override void PostStop() => _log.Tell("last words");
    }

    private sealed class ChangingItsMind : ReceiveActor
    {
        public ChangingItsMind(IActorRef subject, ManualResetEventSlim died, IActorRef log)
        {
            Receive<string>(message => message == "watch", _ =>
            {
                Context.Watch(subject);
                log.Tell("watching");
            });
            Receive<string>(message => message == "unwatch when dead", _ =>
            {
                died.Wait();
                Context.Unwatch(subject);
                log.Tell("unwatched");
            });
            Receive<string>(_ => log.Tell("pong"));
            Receive<Terminated>(_ => log.Tell("terminated"));
        }
    }

    private sealed class WatchingWith : ReceiveActor
    {
        private readonly IActorRef _subject;
        private readonly IActorRef _log;

        public WatchingWith(IActorRef subject, IActorRef log)
        {
            _subject = subject;
            _log = log;
            ReceiveAny(log.Tell);
        }

        protected override void PreStart()
        {
            Context.WatchWith(_subject, "it died");
            _log.Tell("ready");
        }
    }

    private sealed class Bound : ReceiveActor
    {
        private readonly IActorRef _subject;
        private readonly IActorRef _log;

        public Bound(IActorRef subject, IActorRef log)
        {
            _subject = subject;
            _log = log;
            Receive<int>(static _ => { });
        }

        protected override void PreStart()
        {
            Context.Watch(_subject);
            _log.Tell("ready");
        }
    }
}
