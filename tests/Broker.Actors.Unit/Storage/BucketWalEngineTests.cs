using System.Buffers;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;
using Broker.Wire.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

/// <summary>A node whose WAL lies in the bucket: how it finds it, takes it from its own past, and leaves it (B5, B8).</summary>
public sealed class BucketWalEngineTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string _folder = Directory.CreateTempSubdirectory("broker-bucket-engine-").FullName;
    private readonly InMemoryObjectStore _store = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Start_with_nothing_but_the_bucket_has_what_was_acknowledged_before_a_crash_B8()
    {
        StreamId stream = await AppendAndCrashAsync(3);

        await using StorageEngine next = await OpenAsync();

        Assert.Equal(new Offset(3), next.Cache.CachedEnd(stream));
        Assert.Equal(3, (await next.WriteAheadLog.AppendAsync([Record(stream, 3)], None)).Value - 1);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Every_start_of_a_node_that_crashes_finds_the_same_log()
    {
        StreamId stream = await AppendAndCrashAsync(2);
        for (int i = 2; i < 6; i++)
        {
            StorageEngine engine = await OpenAsync();
            Assert.Equal(new Offset(i), engine.Cache.CachedEnd(stream));
            await engine.WriteAheadLog.AppendAsync([Record(stream, i)], None);
        }

        Assert.Single(_store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal)).Select(key => key[..key.LastIndexOf('/')]).Distinct());
    }

    [Fact]
    public async Task Start_whose_log_is_gone_from_the_bucket_is_refused_until_it_is_restored_or_given_up_B9()
    {
        StreamId stream = await AppendAndCrashAsync(3);
        Dictionary<string, byte[]> backup = _store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal)).ToDictionary(key => key, _store.Read);
        await DeleteAsync(backup.Keys);
        for (int i = 0; i < 2; i++)
        {
            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync());
            Assert.Equal(StorageErrorKind.Corrupt, refused.Kind);
            Assert.Contains("wal.disk.accept.loss", refused.Message, StringComparison.Ordinal);
        }

        foreach ((string key, byte[] bytes) in backup)
        {
            await _store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, None);
        }

        StorageEngine restored = await OpenAsync();
        Assert.Equal(new Offset(3), restored.Cache.CachedEnd(stream));
        WalId lost = restored.Metadata.Image.Wals.Keys.Single();
        await DeleteAsync(_store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal)));
        await using StorageEngine givenUp = await OpenAsync(("wal.disk.accept.loss", $"{lost}"));
        Assert.Null(givenUp.Cache.CachedEnd(stream));
    }

    [Fact]
    public async Task Node_that_starts_alone_under_another_id_is_the_only_one_that_clients_are_told_of()
    {
        StorageEngine first = await OpenAsync(("node.id", "1"));
        WalId lost = first.Wal;
        await using StorageEngine second = await OpenAsync(("node.id", "2"), ("wal.disk.accept.loss", $"{lost}"));

        Assert.Equal([new NodeId(2)], second.Metadata.Image.LiveNodes.Keys);
    }

    [Fact]
    public async Task Start_beside_a_running_incarnation_takes_its_log_for_good_B5()
    {
        StorageEngine zombie = await OpenAsync();
        StreamId stream = await CreateStreamAsync(zombie);
        await zombie.WriteAheadLog.AppendAsync([Record(stream, 0)], None);
        await using StorageEngine next = await OpenAsync();

        for (int i = 0; i < 3; i++)
        {
            StorageException fenced = await Assert.ThrowsAsync<StorageException>(async () => await zombie.WriteAheadLog.AppendAsync([Record(stream, 1)], None));
            Assert.Equal(StorageErrorKind.Fenced, fenced.Kind);
        }

        Assert.Equal(2, (await next.WriteAheadLog.AppendAsync([Record(stream, 1)], None)).Value);
        await zombie.DisposeAsync();
        Assert.Single(next.Metadata.Image.Wals);
    }

    [Fact]
    public async Task Wal_in_the_bucket_keeps_a_start_with_one_on_disk_away_until_it_is_left_empty()
    {
        await AppendAndCrashAsync(1);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(("wal.kind", "disk")));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.Contains("wal.kind=bucket, node.id=1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("in the object store under 'wal/", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wal_on_disk_keeps_a_start_with_one_in_the_bucket_away_until_it_is_left_empty()
    {
        StorageEngine disk = await OpenAsync(("wal.kind", "disk"));

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync());

        Assert.Contains($"wal.kind=disk, wal.disk.path={Path.Combine(_folder, "wal")}", refused.Message, StringComparison.Ordinal);
        await disk.DisposeAsync();
        await (await OpenAsync()).DisposeAsync();
        await (await OpenAsync(("wal.kind", "disk"))).DisposeAsync();
    }

    [Fact]
    public async Task Another_node_does_not_take_the_log()
    {
        await AppendAndCrashAsync(1);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(("node.id", "2")));

        Assert.Contains("of node 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_whose_loss_is_accepted_is_replaced_by_a_new_one()
    {
        StreamId stream = await AppendAndCrashAsync(1);
        WalId lost = (await MetadataLog.ReadAsync(_store, new MetadataLogOptions(), None)).Wals.Keys.Single();

        await using StorageEngine next = await OpenAsync(("wal.disk.accept.loss", $"{lost}"));

        Assert.NotEqual(lost, Assert.Single(next.Metadata.Image.Wals).Key);
        Assert.Null(next.Cache.CachedEnd(stream));
    }

    [Fact]
    public async Task Clean_stop_leaves_of_the_log_what_keeps_late_writers_out_and_nothing_else()
    {
        StorageEngine engine = await OpenAsync();
        await engine.WriteAheadLog.AppendAsync([Record(new StreamId(1), 0)], None);
        await engine.DisposeAsync();

        Assert.All(
            _store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal)),
            key => Assert.InRange(_store.Read(key).Length, 1, 56));
        Assert.Empty((await MetadataLog.ReadAsync(_store, new MetadataLogOptions(), None)).Wals);
    }

    [Fact]
    public async Task Stop_does_not_wait_for_a_put_that_never_ends_and_leaves_the_log_to_the_next_start()
    {
        bool hangs = false;
        FaultyObjectStore store = new(_store, (request, key, _) =>
            hangs && request == StoreRequest.Put && key.Value.StartsWith("wal/", StringComparison.Ordinal) ? Fault.Hang : Fault.None);
        StorageEngine engine = await OpenAsync(store, ("shutdown.timeout.ms", "400"));
        StreamId stream = await CreateStreamAsync(engine);
        await engine.WriteAheadLog.AppendAsync([Record(stream, 0)], None);
        hangs = true;
        Task append = engine.WriteAheadLog.AppendAsync([Record(stream, 1)], None).AsTask();

        await engine.DisposeAsync();

        Assert.False(append.IsCompleted);
        await using StorageEngine next = await OpenAsync();
        Assert.Equal(new Offset(1), next.Cache.CachedEnd(stream));
    }

    // A node that was killed: it just does nothing any more.
    private async Task<StreamId> AppendAndCrashAsync(int records)
    {
        StorageEngine engine = await OpenAsync();
        StreamId stream = await CreateStreamAsync(engine);
        for (int i = 0; i < records; i++)
        {
            await engine.WriteAheadLog.AppendAsync([Record(stream, i)], None);
        }

        return stream;
    }

    private async Task DeleteAsync(IEnumerable<string> keys)
    {
        foreach (string key in keys.ToArray())
        {
            await _store.DeleteAsync(new ObjectKey(key), None);
        }
    }

    private static async Task<StreamId> CreateStreamAsync(StorageEngine engine)
    {
        StreamId stream = engine.Metadata.Image.NextStreamId;
        MetadataEvent[] opened =
        [
            new TopicCreated(Guid.NewGuid(), "topic", [stream], new Dictionary<string, string>(), false),
            new StreamOpened(stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero, engine.Wal),
        ];
        await ((OwnedMetadata)engine.Metadata).Log.CommitAsync(opened, None);
        return stream;
    }

    private static WalRecord Record(StreamId stream, long offset)
    {
        byte[] payload = BitConverter.GetBytes(offset);
        return new WalRecord(stream, new LeaderEpoch(0), new Offset(offset), new Offset(offset), 0, payload, Crc32C.Compute(payload));
    }

    private Task<StorageEngine> OpenAsync(params (string Name, string Value)[] settings) => OpenAsync(_store, settings);

    private Task<StorageEngine> OpenAsync(IObjectStore store, params (string Name, string Value)[] settings)
    {
        BrokerOptions options = TestOptions.Of([("wal.kind", "bucket"), ("log.dirs", _folder), .. settings, ("wal.disk.segment.bytes", "1048576"), ("wal.disk.capacity.bytes", "134217728")]);
        return StorageEngine.OpenAsync(store, options, new StorageSources(TimeProvider.System, new SystemIdSource(), new Random(1)), NullLogger.Instance, None);
    }
}
