using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;

namespace Broker.Actors.Unit.Storage;

/// <summary>W1 to W4 of the WAL stage, its back-pressure and its drain.</summary>
public sealed class WalWriterActorTests : WalWriterFixture
{
    [Fact]
    public async Task W1_appends_are_written_and_acknowledged_in_order()
    {
        IActorRef writer = Start();
        for (int i = 0; i < 10; i++)
        {
            writer.Tell(Append(First, i), TestActor);
        }

        List<long> written = [];
        Offset acknowledged = Offset.Zero;
        while (acknowledged < new Offset(10))
        {
            HeldWrite write = await _wal.NextAsync();
            written.AddRange(write.Records.Select(record => record.BaseOffset.Value));
            Assert.False(_wal.HasNext, "W1: a write began before the last one ended");
            write.Succeed();
            Offset end = ExpectMsg<WalAppended>().End;
            Assert.True(end > acknowledged);
            acknowledged = end;
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), written);
    }

    [Fact]
    public async Task Appends_of_several_partitions_become_durable_by_one_write()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite first = await _wal.NextAsync();
        for (int i = 1; i <= 20; i++)
        {
            writer.Tell(Append(First, i), TestActor);
            writer.Tell(Append(Second, i - 1), TestActor);
        }

        first.Succeed();
        int writes = 0;
        for (int records = 0; records < 40; writes++)
        {
            HeldWrite write = await _wal.NextAsync();
            records += write.Records.Count;
            write.Succeed();
        }

        Assert.True(writes < 20, $"{writes} writes for 40 appends");
    }

    [Fact]
    public async Task W2_batch_is_in_the_cache_when_its_partition_hears_of_it()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite write = await _wal.NextAsync();
        Assert.Null(_cache.CachedEnd(First));

        write.Succeed();
        ExpectMsg<WalAppended>();

        using CacheReadResult read = _cache.Read(First, Offset.Zero, int.MaxValue);
        Assert.Equal(write.Last, Assert.Single(read.Batches).Position);
    }

    [Fact]
    public async Task W3_nothing_of_a_refused_generation_is_acknowledged_though_it_was_written()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite refused = await _wal.NextAsync();
        writer.Tell(Append(First, 1), TestActor);
        writer.Tell(Append(Second, 0), TestActor);
        refused.Refuse();
        Assert.Equal(0, ExpectMsg<WalRefused>().Generation);

        for (int records = 0; records < 2;)
        {
            HeldWrite write = await _wal.NextAsync();
            records += write.Records.Count;
            write.Succeed();
        }

        Assert.Equal(1, ExpectMsg<WalAppended>().End.Value);
        ExpectNoMsg(Silence);
        Assert.Null(_cache.CachedEnd(First));
        Assert.Equal(1, _cache.CachedEnd(Second)!.Value.Value);

        writer.Tell(Append(First, 2), TestActor);
        writer.Tell(Append(First, 0, generation: 1), TestActor);
        (await _wal.NextAsync()).Succeed();
        Assert.Equal((1, 1), ((int)ExpectMsg<WalAppended>().End.Value, _cache.CachedEnd(First)!.Value.Value));
    }

    [Fact]
    public async Task W3_partition_opened_under_a_new_epoch_counts_its_generations_anew()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0, generation: 3), TestActor);
        (await _wal.NextAsync()).Refuse();
        ExpectMsg<WalRefused>();

        writer.Tell(Append(First, 0, generation: 0, epoch: 1), TestActor);
        (await _wal.NextAsync()).Succeed();

        Assert.Equal(1, ExpectMsg<WalAppended>().End.Value);
    }

    [Fact]
    public async Task Refused_and_void_batches_give_their_buffers_back()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite refused = await _wal.NextAsync();
        writer.Tell(Append(First, 1), TestActor);
        refused.Refuse();
        ExpectMsg<WalRefused>();
        (await _wal.NextAsync()).Succeed();
        writer.Tell(Append(First, 2), TestActor);
        writer.Tell(DrainWal.Instance, TestActor);
        ExpectMsg<WalDrained>();

        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Nothing_is_written_while_the_cache_is_full_of_what_is_not_uploaded()
    {
        IActorRef writer = Start(_options with { LogCacheBytes = 2 * BatchBytes });
        for (int i = 0; i < 3; i++)
        {
            writer.Tell(Append(First, i), TestActor);
            if (i < 2)
            {
                (await _wal.NextAsync()).Succeed();
                ExpectMsg<WalAppended>();
            }
        }

        ExpectNoMsg(Silence);
        Assert.False(_wal.HasNext, "the cache is full, and yet there was a write");

        SealedUpload upload = _cache.Seal(long.MaxValue);
        _cache.MarkUploaded(upload);
        upload.Dispose();
        writer.Tell(StorageRoomMade.Instance);

        (await _wal.NextAsync()).Succeed();
        Assert.Equal(3, ExpectMsg<WalAppended>().End.Value);
    }

    [Fact]
    public async Task W4_appends_are_refused_while_the_cache_is_full_and_uploads_fail_and_taken_again_after()
    {
        IActorRef writer = Start(_options with { LogCacheBytes = BatchBytes });
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite write = await _wal.NextAsync();
        writer.Tell(Append(First, 1), TestActor);
        writer.Tell(new UploadsStalled("the store is away"));
        ExpectNoMsg(Silence);

        // What was on its way is acknowledged; what waits behind it is refused, and so is what comes now.
        write.Succeed();
        Assert.Equal(1, ExpectMsg<WalAppended>().End.Value);
        WalRefused refused = ExpectMsg<WalRefused>();
        Assert.Equal((0, Broker.Wire.ErrorCode.KafkaStorageError), (refused.Generation, refused.Error));
        Assert.Contains("the store is away", refused.Reason, StringComparison.Ordinal);
        writer.Tell(Append(First, 1, generation: 1), TestActor);
        Assert.Equal(1, ExpectMsg<WalRefused>().Generation);
        writer.Tell(DrainWal.Instance, TestActor);
        ExpectMsg<WalDrained>();
        Assert.False(_wal.HasNext);

        using (SealedUpload upload = _cache.Seal(long.MaxValue))
        {
            _cache.MarkUploaded(upload);
        }

        writer.Tell(StorageRoomMade.Instance);
        writer.Tell(Append(First, 1, generation: 2), TestActor);
        (await _wal.NextAsync()).Succeed();
        Assert.Equal(2, ExpectMsg<WalAppended>().End.Value);
    }

    [Fact]
    public async Task W4_appends_are_taken_while_uploads_fail_and_the_cache_has_room()
    {
        IActorRef writer = Start();
        writer.Tell(new UploadsStalled("the store is away"));
        writer.Tell(Append(First, 0), TestActor);

        (await _wal.NextAsync()).Succeed();

        Assert.Equal(1, ExpectMsg<WalAppended>().End.Value);
    }

    [Fact]
    public async Task Drain_is_answered_when_the_last_append_is_durable_or_refused()
    {
        IActorRef writer = Start();
        writer.Tell(DrainWal.Instance, TestActor);
        ExpectMsg<WalDrained>();

        writer.Tell(Append(First, 0), TestActor);
        HeldWrite write = await _wal.NextAsync();
        writer.Tell(DrainWal.Instance, TestActor);
        ExpectNoMsg(Silence);
        write.Refuse();

        ExpectMsg<WalRefused>();
        ExpectMsg<WalDrained>();
    }

    [Fact]
    public async Task W1_groups_of_a_wal_in_the_bucket_are_handed_over_at_once_and_acknowledged_in_order()
    {
        IActorRef writer = Start(_options with { WalKind = WalKind.Bucket });
        List<HeldWrite> writes = [];
        for (int i = 0; i < 5; i++)
        {
            writer.Tell(Append(First, i), TestActor);
            writes.Add(await _wal.NextAsync());
        }

        foreach (HeldWrite write in Enumerable.Reverse(writes))
        {
            write.Succeed();
        }

        for (int i = 1; i <= 5; i++)
        {
            Assert.Equal(new Offset(i), ExpectMsg<WalAppended>().End);
        }
    }

    [Theory]
    [InlineData(WalKind.Bucket)]
    [InlineData(WalKind.Disk)]
    public async Task Group_is_never_larger_than_what_the_log_takes_of_one_append(WalKind kind)
    {
        const int batches = 10;
        StorageOptions options = Options();
        IActorRef writer = Start(options);
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite write = await _wal.NextAsync();
        for (int i = 1; i < batches; i++)
        {
            writer.Tell(Append(First, i), TestActor);
        }

        for (int left = batches; ; write = await _wal.NextAsync())
        {
            long bytes = write.Records.Sum(record => (long)record.Payload.Length + options.WalAppendBound.RecordOverheadBytes);
            Assert.True(bytes <= options.WalAppendBound.AppendBytes, $"{bytes} bytes in one append; the log takes {options.WalAppendBound.AppendBytes}");
            write.Succeed();
            left -= write.Records.Count;
            if (left == 0)
            {
                break;
            }
        }

        // Of three batches, and less than wal.batch.max.bytes.
        StorageOptions Options() => kind == WalKind.Bucket
            ? _options with { WalKind = kind, BucketWal = _options.BucketWal with { CapacityBytes = 3 * (BatchBytes + 48) } }
            : _options with { WalKind = kind, WalSegmentBytes = 1, WalCapacityBytes = 2 + 4096 + (3 * (BatchBytes + 80)) };
    }

    [Fact]
    public async Task W3_groups_behind_a_refused_one_are_not_acknowledged_though_they_were_written()
    {
        IActorRef writer = Start(_options with { WalKind = WalKind.Bucket });
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite first = await _wal.NextAsync();
        writer.Tell(Append(First, 1), TestActor);
        HeldWrite second = await _wal.NextAsync();
        first.Refuse();
        second.Succeed();

        ExpectMsg<WalRefused>();
        ExpectNoMsg(Silence);
        writer.Tell(Append(First, 0, generation: 1), TestActor);
        (await _wal.NextAsync()).Succeed();
        Assert.Equal(new Offset(1), ExpectMsg<WalAppended>().End);
    }

    [Fact]
    public async Task W4_what_waits_behind_a_write_that_fails_is_refused_with_it()
    {
        IActorRef writer = Start(_options with { LogCacheBytes = BatchBytes });
        writer.Tell(Append(First, 0), TestActor);
        HeldWrite write = await _wal.NextAsync();
        writer.Tell(Append(Second, 0), TestActor);

        write.Outcome.SetException(new StorageException(StorageErrorKind.Unavailable, "the test's log has failed"));

        ExpectMsg<WalRefused>();
        ExpectMsg<WalRefused>();
        Assert.False(_wal.HasNext);
    }

    [Fact]
    public async Task Wal_that_another_owner_has_ends_the_node()
    {
        IActorRef writer = Start();
        writer.Tell(Append(First, 0), TestActor);
        (await _wal.NextAsync()).Outcome.SetException(new StorageException(StorageErrorKind.Fenced, "the test's log has another owner"));

        ExpectMsg<WalRefused>();
        await AwaitAssertAsync(() => Assert.Single(_fenced));
    }
}
