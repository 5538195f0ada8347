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
    private static readonly StorageException Away = new(StorageErrorKind.Unavailable, "away");
    private readonly List<Address> _others = [.. Enumerable.Range(1, 5).Select(port => new Address("akka.tcp", "broker", "127.0.0.1", port))];
    private readonly ConcurrentQueue<Exception> _left = new();
    private volatile StoreOutage? _outage = new(DateTimeOffset.UnixEpoch, "no answer");
    private volatile Func<int, bool> _reaches = _ => false;
    private volatile Func<int, bool?> _otherFinds = _ => true;
    private int _probes;
    private int _asked;

    [Fact]
    public void Y1_node_leaves_once_after_some_rounds_in_which_others_reach_the_store_and_it_does_not()
    {
        Start();

        AwaitCondition(() => !_left.IsEmpty, Patience);

        Assert.Equal(StoreReachActor.RoundsToLeave, Volatile.Read(ref _probes));
        Assert.Contains("others do", _left.Single().Message, StringComparison.Ordinal);
    }

    // It found the bucket, whatever is in it.
    [Fact]
    public void Other_that_does_not_find_this_start_reaches_the_store()
    {
        _otherFinds = _ => false;
        Start();

        AwaitCondition(() => !_left.IsEmpty, Patience);
    }

    [Fact]
    public void Y1_store_that_nobody_reaches_takes_no_node_out()
    {
        _otherFinds = _ => null;
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
        _otherFinds = _ => Volatile.Read(ref _probes) % StoreReachActor.RoundsToLeave == 0 ? null : true;
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
        _otherFinds = _ => null;
        Start();

        AwaitCondition(() => Volatile.Read(ref _probes) >= 4, Patience);

        Assert.InRange(Volatile.Read(ref _asked), 3 * 3, 3 * Volatile.Read(ref _probes));
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
            () => _outage,
            _ => _reaches(Interlocked.Increment(ref _probes)) ? Task.CompletedTask : Task.FromException(Away),
            () => _others,
            (_, _) => Task.FromResult(_otherFinds(Interlocked.Increment(ref _asked))),
            _left.Enqueue,
            new Random(1),
            TimeProvider.System,
            NullLogger.Instance)
        { LookEvery = TimeSpan.FromMilliseconds(10) };
        return Sys.ActorOf(Props.Create(() => new StoreReachActor(services)));
    }
}
