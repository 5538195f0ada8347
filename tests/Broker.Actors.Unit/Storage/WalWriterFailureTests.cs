using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Unit.Storage;

/// <summary>W5 of the WAL stage: what becomes of all that it holds when something breaks.</summary>
public sealed class WalWriterFailureTests : WalWriterFixture
{
    [Fact]
    public async Task W5_whatever_a_write_throws_refuses_it_alone_and_those_around_it_are_acknowledged()
    {
        IActorRef writer = Start(_options with { WalKind = WalKind.Bucket });
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite broken = await _wal.NextAsync();
        writer.Tell(Append(Second, 0), TestActor);
        HeldWrite sound = await _wal.NextAsync();
        broken.Outcome.SetException(new ArgumentException("the test's log takes no such batch"));
        sound.Succeed();

        Assert.Contains("no such batch", ExpectMsg<WalRefused>().Reason, StringComparison.Ordinal);
        Assert.Equal(new Offset(1), ExpectMsg<WalAppended>().End);
        writer.Tell(Append(First, 0, generation: 1), TestActor);
        (await _wal.NextAsync()).Succeed();
        Assert.Equal(1, ExpectMsg<WalAppended>().Generation);
    }

    [Fact]
    public async Task W5_batch_that_the_cache_does_not_take_is_refused_and_those_that_it_takes_are_acknowledged()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        (await _wal.NextAsync()).Outcome.SetResult(new WalPosition(100));
        ExpectMsg<WalAppended>();

        // As if the log had begun anew.
        writer.Tell(Append(Second, 0), TestActor);
        (await _wal.NextAsync()).Outcome.SetResult(new WalPosition(1));
        WalRefused refused = ExpectMsg<WalRefused>();
        Assert.Equal((0, Broker.Wire.ErrorCode.KafkaStorageError), (refused.Generation, refused.Error));
        Assert.Null(_cache.CachedEnd(Second));

        writer.Tell(Append(Second, 0, generation: 1), TestActor);
        (await _wal.NextAsync()).Outcome.SetResult(new WalPosition(101));
        Assert.Equal(1, ExpectMsg<WalAppended>().Generation);
        Assert.Equal(2, HeldBatches);
    }

    [Fact]
    public async Task W5_all_that_the_stage_held_is_refused_when_a_turn_fails_and_what_comes_after_is_taken()
    {
        StorageOptions options = _options with { WalKind = WalKind.Bucket, LogCacheBytes = 3 * BatchBytes };
        IActorRef writer = Start(options, _ => throw new InvalidOperationException("the test's turn fails"));
        List<HeldWrite> writes = [];
        foreach (StreamId stream in new[] { First, Second, new StreamId(3) })
        {
            writer.Tell(Append(stream, 0), TestActor);
            writes.Add(await _wal.NextAsync());
        }

        // For this one there is no room yet.
        writer.Tell(Append(new StreamId(4), 0), TestActor);
        writer.Tell(DrainWal.Instance, TestActor);
        ExpectNoMsg(Silence);
        writes[0].Outcome.SetException(new StorageException(StorageErrorKind.Fenced, "the test's log has another owner"));

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(0, ExpectMsg<WalRefused>().Generation);
        }

        ExpectMsg<WalDrained>();
        Assert.Equal(2, HeldBatches);

        // The log still had two, and one is numbered behind what was refused: nothing of these is acknowledged, nor in the cache.
        writes[1].Succeed();
        writes[2].Outcome.SetException(new ArgumentException("the test's log takes no such batch"));
        writer.Tell(Append(Second, 1), TestActor);
        writer.Tell(Append(Second, 0, generation: 1), TestActor);
        (await _wal.NextAsync()).Succeed();

        WalAppended appended = ExpectMsg<WalAppended>();
        Assert.Equal((new Offset(1), 1), (appended.End, appended.Generation));
        ExpectNoMsg(Silence);
        Assert.Equal(1, HeldBatches);
        Assert.Equal(new Offset(1), _cache.CachedEnd(Second));
        Assert.Null(_cache.CachedEnd(new StreamId(3)));
    }
}
