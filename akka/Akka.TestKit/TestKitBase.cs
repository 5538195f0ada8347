using System.Diagnostics;
using System.Linq.Expressions;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>
/// A test with an actor system and a test actor: what the test actor receives is what the test expects. The test actor is
/// the sender of what the test sends.
/// </summary>
public abstract partial class TestKitBase : IActorRefFactory
{
    private static int _lastTestActor;

    private readonly ITestKitAssertions _assertions;
    private readonly TestQueue _queue = new();
    private ReceivedMessage? _last;
    private ReceivedMessage? _peeked;
    private TimeSpan _end = System.Threading.Timeout.InfiniteTimeSpan;

    protected TestKitBase(ITestKitAssertions assertions, ActorSystem? system = null, string? testActorName = null)
        : this(assertions, system, null, null, testActorName)
    {
    }

    protected TestKitBase(ITestKitAssertions assertions, Config config, string? actorSystemName = null, string? testActorName = null)
        : this(assertions, null, config, actorSystemName, testActorName)
    {
    }

    private TestKitBase(ITestKitAssertions assertions, ActorSystem? system, Config? config, string? actorSystemName, string? testActorName)
    {
        _assertions = assertions ?? throw new ArgumentNullException(nameof(assertions));
        Sys = system ?? ActorSystem.Create(actorSystemName ?? "test", config.SafeWithFallback(DefaultConfig));
        TestKitSettings = new TestKitSettings(Sys.Settings.Config);
        Log = Logging.GetLogger(Sys, GetType());
        EventFilter = CreateEventFilter(Sys);
        TestQueue queue = _queue;
        TestActor = ((ExtendedActorSystem)Sys).SystemActorOf(
            Props.Create(() => new CollectingActor(queue)), testActorName ?? $"testActor{Interlocked.Increment(ref _lastTestActor)}");
        if (this is not INoImplicitSender)
        {
            ActorCell cell = ((LocalActorRef)TestActor).Cell;
            ActorCell.Current = cell;
            SynchronizationContext.SetSynchronizationContext(new CellKeepingContext(cell));
        }
    }

    /// <summary>Logs to the test's event listener, which event filters look at.</summary>
    public static Config DefaultConfig { get; } = ConfigurationFactory.ParseString("""
        akka {
          loggers = ["Akka.TestKit.TestEventListener, Akka.TestKit"]
          test {
            default-timeout = 5s
            single-expect-default = 3s
            filter-leeway = 3s
            timefactor = 1.0
          }
        }
        """);

    /// <summary>As the default, with everything logged.</summary>
    public static Config FullDebugConfig { get; } = ConfigurationFactory.ParseString("""
        akka {
          loglevel = DEBUG
          actor.debug.unhandled = on
        }
        """);

    public ActorSystem Sys { get; }

    public TestKitSettings TestKitSettings { get; }

    public IActorRef TestActor { get; }

    public ILoggingAdapter Log { get; }

    /// <summary>Expects or mutes log events.</summary>
    public EventFilterFactory EventFilter { get; }

    /// <summary>Who sent the last message that was looked at.</summary>
    /// <exception cref="InvalidOperationException">None was.</exception>
    public IActorRef LastSender => _last?.Sender ?? throw new InvalidOperationException("No message has been received yet.");

    public object? LastMessage => _last?.Message;

    public bool HasMessages => _peeked is not null || !_queue.IsEmpty;

    /// <summary>Time left in the innermost <c>Within</c>, or the default outside of one.</summary>
    public TimeSpan RemainingOrDefault => RemainingOr(TestKitSettings.SingleExpectDefault);

    /// <exception cref="InvalidOperationException">Not inside a <c>Within</c>.</exception>
    public TimeSpan Remaining => _end >= TimeSpan.Zero
        ? Positive(_end - Now)
        : throw new InvalidOperationException(@"Remaining may not be called outside of ""within""");

    private static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    public IActorRef ActorOf(Props props) => Sys.ActorOf(props);

    public IActorRef ActorOf(Props props, string? name) => Sys.ActorOf(props, name);

    public IActorRef ActorOf<TActor>()
        where TActor : ActorBase, new() => Sys.ActorOf(Props.Create<TActor>());

    public IActorRef ActorOf<TActor>(string name)
        where TActor : ActorBase, new() => Sys.ActorOf(Props.Create<TActor>(), name);

    public IActorRef ActorOf<TActor>(Expression<Func<TActor>> factory)
        where TActor : ActorBase => Sys.ActorOf(Props.Create(factory));

    public IActorRef ActorOf<TActor>(Expression<Func<TActor>> factory, string name)
        where TActor : ActorBase => Sys.ActorOf(Props.Create(factory), name);

    public ActorSelection ActorSelection(ActorPath actorPath) => Sys.ActorSelection(actorPath);

    public ActorSelection ActorSelection(string actorPath) => Sys.ActorSelection(actorPath);

    public virtual TestProbe CreateTestProbe(string? name = null) => CreateTestProbe(Sys, name);

    public virtual TestProbe CreateTestProbe(ActorSystem system, string? name = null) => new(system, _assertions, name);

    public EventFilterFactory CreateEventFilter(ActorSystem system) => new(this, system);

    /// <summary>Watches from the test actor, which then receives <see cref="Terminated"/>; returns once the watch is in place.</summary>
    public IActorRef Watch(IActorRef actorToWatch)
    {
        // A system message from here on would race with the actor's own turns; the request does not.
        using ManualResetEventSlim done = new();
        _ = WhenAnswered(new CollectingActor.WatchRequest(actorToWatch), done);
        done.Wait(Dilated(TestKitSettings.DefaultTimeout));
        return actorToWatch;
    }

    public async Task<IActorRef> WatchAsync(IActorRef actorToWatch)
    {
        await TestActor.Ask(new CollectingActor.WatchRequest(actorToWatch), Dilated(TestKitSettings.DefaultTimeout));
        return actorToWatch;
    }

    public IActorRef Unwatch(IActorRef actorToUnwatch)
    {
        using ManualResetEventSlim done = new();
        _ = WhenAnswered(new CollectingActor.UnwatchRequest(actorToUnwatch), done);
        done.Wait(Dilated(TestKitSettings.DefaultTimeout));
        return actorToUnwatch;
    }

    public async Task<IActorRef> UnwatchAsync(IActorRef actorToUnwatch)
    {
        await TestActor.Ask(new CollectingActor.UnwatchRequest(actorToUnwatch), Dilated(TestKitSettings.DefaultTimeout));
        return actorToUnwatch;
    }

    /// <summary>Drops messages that fit; a later call replaces the rule.</summary>
    public void IgnoreMessages(Func<object, bool> shouldIgnoreMessage) =>
        TestActor.Tell(new CollectingActor.IgnoreRequest(shouldIgnoreMessage), ActorRefs.NoSender);

    public void IgnoreMessages<TMsg>() => IgnoreMessages(static message => message is TMsg);

    public void IgnoreNoMessages() => IgnoreMessages(static _ => false);

    /// <summary>Multiplied by <c>akka.test.timefactor</c>.</summary>
    public TimeSpan Dilated(TimeSpan duration) => duration * TestKitSettings.TestTimeFactor;

    public TimeSpan GetTimeoutOrDefault(TimeSpan? timeout) => timeout ?? TestKitSettings.DefaultTimeout;

    /// <summary>Terminates the test's system and waits for its end.</summary>
    public virtual void Shutdown(TimeSpan? duration = null, bool verifySystemShutdown = false) =>
        Shutdown(Sys, duration, verifySystemShutdown);

    protected virtual void Shutdown(ActorSystem system, TimeSpan? duration = null, bool verifySystemShutdown = false)
    {
        TimeSpan wait = duration ?? Dilated(TimeSpan.FromSeconds(5));
        using ManualResetEventSlim terminated = new();
        _ = system.Terminate().ContinueWith(_ => terminated.Set(), TaskScheduler.Default);
        if (!terminated.Wait(wait) && verifySystemShutdown)
        {
            throw new TimeoutException($"Failed to stop [{system.Name}] within [{wait}]");
        }
    }

    /// <summary>Time left in the innermost <c>Within</c>, or <paramref name="duration"/> outside of one.</summary>
    protected TimeSpan RemainingOr(TimeSpan duration) => _end < TimeSpan.Zero ? Dilated(duration) : Positive(_end - Now);

    /// <summary>The given time, dilated, or what is left in the innermost <c>Within</c>.</summary>
    public TimeSpan RemainingOrDilated(TimeSpan? duration) => duration is { } given ? Dilated(given) : RemainingOrDefault;

    private protected ITestKitAssertions TestAssertions => _assertions;

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;

    private async Task WhenAnswered(object request, ManualResetEventSlim done)
    {
        await TestActor.Ask(request, Dilated(TestKitSettings.DefaultTimeout)).ConfigureAwait(false);
        done.Set();
    }

    IActorRef IActorRefFactory.ActorOf(Props props, string? name) => ActorOf(props, name);
}
