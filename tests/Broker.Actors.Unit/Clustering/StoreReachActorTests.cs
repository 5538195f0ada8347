using System.Collections.Concurrent;
using Akka.Actor;
using Broker.Actors.Clustering;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Clustering;

/// <summary>Y1 and Y2: when a node leaves since it does not reach its store.</summary>
public sealed class StoreReachActorTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly List<ICanTell> _others = [];
    private readonly ConcurrentQueue<Exception> _left = new();
    private volatile StoreOutage? _outage = new(DateTimeOffset.UnixEpoch, "no answer");
    private volatile Func<int, bool> _reaches = _ => false;
    private volatile Func<bool?> _othersReach = () => true;
    private volatile Exception _failure = new StorageException(StorageErrorKind.Unavailable, "away");
    private volatile Task _held = Task.CompletedTask;
    private int _outageFailsAfter = -1;
    private bool _mayLeave = true;
    private int _mostRounds = 1;
    private volatile bool _answersFail;
    private int _answersAsked;
    private long _answers;
    private int _probes;
    private int _asked;

    public StoreReachActorTests() => _others.AddRange(Enumerable.Range(0, 5).Select(_ => Sys.ActorOf(Props.Create(() => new Other(this)))));

    [Fact]
    public void Y1_node_leaves_once_after_some_rounds_in_which_others_reach_the_store_and_it_does_not()
    {
        Start();

        AwaitCondition(() => !_left.IsEmpty, Patience);

        Assert.Equal(StoreReachActor.RoundsToLeave, Volatile.Read(ref _probes));
        ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        Assert.Contains("others do", _left.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Y1_rounds_do_not_wait_for_each_other()
    {
        _mostRounds = StoreReachActor.RoundsToLeave;
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _held = held.Task;
        Start();
        AwaitCondition(() => Volatile.Read(ref _probes) == StoreReachActor.RoundsToLeave, Patience);
        Assert.Empty(_left);

        held.SetResult();

        AwaitCondition(() => !_left.IsEmpty, Patience);
    }

    [Fact]
    public void Y1_store_that_nobody_reaches_takes_no_node_out()
    {
        _othersReach = () => false;
        StaysFor(rounds: StoreReachActor.RoundsToLeave * 3);
    }

    [Fact]
    public void Y1_store_that_answers_in_between_takes_no_node_out()
    {
        _reaches = probe => probe % StoreReachActor.RoundsToLeave == 0;
        StaysFor(rounds: StoreReachActor.RoundsToLeave * 3);
    }

    [Fact]
    public void Y1_others_that_do_not_reach_it_in_between_take_over_nothing()
    {
        _othersReach = () => Volatile.Read(ref _probes) % StoreReachActor.RoundsToLeave != 0;
        StaysFor(rounds: StoreReachActor.RoundsToLeave * 3);
    }

    [Fact]
    public void Y2_nobody_is_asked_while_the_store_serves_or_nobody_else_is_there()
    {
        _outage = null;
        IActorRef actor = Start();
        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Equal((0, 0), (_probes, _asked));
        Sys.Stop(actor);

        _outage = new StoreOutage(DateTimeOffset.UnixEpoch, "no answer");
        _others.Clear();
        Start();
        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Equal((0, 0), (_probes, _asked));
    }

    [Fact]
    public void Some_of_many_are_asked()
    {
        _othersReach = () => false;
        Start();

        AwaitCondition(() => Volatile.Read(ref _probes) >= 4, Patience);

        Assert.InRange(Volatile.Read(ref _asked), 3 * 3, 3 * Volatile.Read(ref _probes));
    }

    [Fact]
    public void Node_with_its_log_on_its_disk_stays_and_says_whether_the_store_answers_it()
    {
        _mayLeave = false;
        IActorRef actor = Start();
        actor.Tell(TryStore.Instance, TestActor);
        Assert.False(ExpectMsg<StoreIsTried>(Patience).IsReached);
        _reaches = _ => true;
        actor.Tell(TryStore.Instance, TestActor);
        Assert.True(ExpectMsg<StoreIsTried>(Patience).IsReached);

        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Equal(0, Volatile.Read(ref _asked));
        Assert.Empty(_left);
    }

    // Too much is asked of it: what gets through does so late.
    [Fact]
    public void Y1_node_some_of_whose_requests_are_answered_stays()
    {
        _reaches = _ =>
        {
            Interlocked.Increment(ref _answers);
            return false;
        };
        StaysFor(rounds: StoreReachActor.RoundsToLeave * 3);
    }

    // As one of an older build, which does not know the question.
    [Fact]
    public void Y1_others_that_do_not_answer_take_over_nothing()
    {
        _othersReach = () => null;
        StaysFor(rounds: 2);
    }

    [Fact]
    public void Y1_other_that_answers_with_a_failure_takes_over_nothing()
    {
        _othersReach = () => throw new InvalidOperationException("nobody has foreseen this");
        StaysFor(rounds: StoreReachActor.RoundsToLeave * 3);
    }

    [Fact]
    public void Try_that_fails_as_nobody_has_foreseen_is_one_in_vain()
    {
        _failure = new InvalidOperationException("nobody has foreseen this");
        IActorRef actor = Start();
        actor.Tell(TryStore.Instance, TestActor);
        Assert.False(ExpectMsg<StoreIsTried>(Patience).IsReached);

        AwaitCondition(() => !_left.IsEmpty, Patience);
    }

    [Fact]
    public void Round_that_fails_itself_says_nothing_and_others_follow()
    {
        _answersFail = true;
        Start();
        AwaitCondition(() => Volatile.Read(ref _answersAsked) > StoreReachActor.RoundsToLeave, Patience);
        Assert.Empty(_left);

        _answersFail = false;
        AwaitCondition(() => !_left.IsEmpty, Patience);
    }

    [Fact]
    public void Rounds_of_an_instance_that_failed_are_none_of_the_next()
    {
        (_mostRounds, _othersReach) = (2, () => false);
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _held = first.Task;
        _outageFailsAfter = 1;
        Start();
        AwaitCondition(() => Volatile.Read(ref _probes) == 1 + _mostRounds, Patience);

        _held = second.Task;
        first.SetResult();

        AwaitCondition(() => Volatile.Read(ref _probes) == 1 + (2 * _mostRounds), Patience);
        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Equal(1 + (2 * _mostRounds), Volatile.Read(ref _probes));
        second.SetResult();
    }

    private void StaysFor(int rounds)
    {
        Start();

        AwaitCondition(() => Volatile.Read(ref _probes) >= rounds, Patience);

        Assert.Empty(_left);
    }

    private IActorRef Start()
    {
        StoreReachServices services = new(
            _mayLeave,
            Outage,
            Answers,
            _ => TryAsync(),
            () => _others,
            _left.Enqueue,
            new Random(1),
            TimeProvider.System,
            NullLogger.Instance)
        { LookEvery = TimeSpan.FromMilliseconds(10), MostRounds = _mostRounds };
        return Sys.ActorOf(Props.Create(() => new StoreReachActor(services)));
    }

    private StoreOutage? Outage() => _outageFailsAfter-- == 0 ? throw new InvalidOperationException("nobody has foreseen this") : _outage;

    private long Answers()
    {
        Interlocked.Increment(ref _answersAsked);
        return _answersFail ? throw new InvalidOperationException("nobody has foreseen this") : Interlocked.Read(ref _answers);
    }

    private async Task TryAsync()
    {
        bool reaches = _reaches(Interlocked.Increment(ref _probes));
        await _held;
        if (!reaches)
        {
            throw _failure;
        }
    }

    private sealed class Other : ReceiveActor
    {
        public Other(StoreReachActorTests test) => Receive<TryStore>(_ =>
        {
            Interlocked.Increment(ref test._asked);
            try
            {
                if (test._othersReach() is { } reached)
                {
                    Sender.Tell(new StoreIsTried(reached));
                }
            }
            catch (InvalidOperationException failure)
            {
                Sender.Tell(new Status.Failure(failure));
            }
        });
    }
}
