using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

public sealed class StorageEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("broker-engine-").FullName;
    private readonly InMemoryObjectStore _store = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Second_start_on_a_running_nodes_folder_is_refused_and_leaves_the_first_its_metadata()
    {
        await using StorageEngine first = await OpenAsync();

        WalFolderException refused = await Assert.ThrowsAsync<WalFolderException>(() => OpenAsync());

        Assert.Contains(_folder, refused.Message, StringComparison.Ordinal);
        await ((OwnedMetadata)first.Metadata).Log.CommitAsync([new NodeRegistered(new NodeId(9), 1)], CancellationToken.None);
    }

    [Fact]
    public async Task Start_without_the_wal_that_another_start_left_unclean_is_refused_and_harms_nobody()
    {
        await using StorageEngine first = await OpenAsync();
        IReadOnlyList<string> keys = _store.Keys;

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync("other"));

        AttachedWal wal = Assert.Single(first.Metadata.Image.Wals).Value;
        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.All(
            [$"WAL {wal.WalId} of node 1", Environment.MachineName, Path.Combine(_folder, "wal"), $"wal.disk.accept.loss={wal.WalId}"],
            part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.Equal(keys, _store.Keys);
        await ((OwnedMetadata)first.Metadata).Log.CommitAsync([new NodeRegistered(new NodeId(9), 1)], CancellationToken.None);
    }

    [Fact]
    public async Task Start_of_another_node_without_the_wal_of_the_first_is_refused()
    {
        await using StorageEngine first = await OpenAsync();

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync("other", ("node.id", "2")));

        Assert.Contains("of node 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wal_whose_loss_is_accepted_by_its_id_is_missed_no_more()
    {
        WalId lost = await CrashAsync();
        await Assert.ThrowsAsync<StorageException>(() => OpenAsync("other", ("wal.disk.accept.loss", Guid.NewGuid().ToString("D"))));

        await using StorageEngine next = await OpenAsync("other", ("wal.disk.accept.loss", $"{lost}"));

        AttachedWal own = Assert.Single(next.Metadata.Image.Wals).Value;
        Assert.Equal(Path.Combine(_folder, "other"), own.Path);
    }

    [Fact]
    public async Task Wal_that_was_left_empty_may_be_replaced_by_any_other()
    {
        await (await OpenAsync()).DisposeAsync();
        await (await OpenAsync("other")).DisposeAsync();
        await using StorageEngine last = await OpenAsync();

        Assert.Single(last.Metadata.Image.Wals);
    }

    [Fact]
    public async Task Wal_that_holds_what_is_not_uploaded_is_not_released_by_a_stop()
    {
        await using (StorageEngine first = await OpenAsync())
        {
            BufferLease lease = first.Buffers.Rent(10);
            first.Cache.Append(
                new StreamId(1), new CachedBatch(Offset.Zero, Offset.Zero, new LeaderEpoch(0), 0, lease.Memory, 0, lease, new WalPosition(1)));
        }

        await Assert.ThrowsAsync<StorageException>(() => OpenAsync("other"));
        await using StorageEngine again = await OpenAsync();
    }

    // As from a snapshot of the volume: it lacks what was acknowledged after that.
    [Fact]
    public async Task Copy_of_the_wal_is_refused_as_long_as_the_one_that_was_used_last_is_there()
    {
        await KillAsync();
        Copy();

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync("copy"));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.All([Path.Combine(_folder, "wal"), Path.Combine(_folder, "copy")], part => Assert.Contains($"'{part}'", refused.Message, StringComparison.Ordinal));
        Directory.Move(Path.Combine(_folder, "wal"), Path.Combine(_folder, "aside"));
        await using StorageEngine moved = await OpenAsync("copy");
    }

    // The one that is in use has all that is acknowledged; this one would be the one that counts from here on.
    [Fact]
    public async Task Copy_of_the_wal_of_a_broker_that_runs_is_refused_and_does_that_one_no_harm()
    {
        await KillAsync();
        Copy();
        await using StorageEngine first = await OpenAsync();
        IReadOnlyList<string> keys = _store.Keys;

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync("copy"));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.Equal(keys, _store.Keys);
        await ((OwnedMetadata)first.Metadata).Log.CommitAsync([new NodeRegistered(new NodeId(9), 1)], CancellationToken.None);
    }

    [Fact]
    public async Task Wal_by_another_path_to_the_same_folder_is_the_same()
    {
        await KillAsync();
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), Path.Combine(_folder, "wal"));

        await using StorageEngine again = await OpenAsync("link");
    }

    [Fact]
    public void Accepted_loss_that_names_no_wal_is_a_bad_setting()
    {
        SettingsException bad = Assert.Throws<SettingsException>(() => TestOptions.Of(("wal.disk.accept.loss", "all")));

        Assert.Contains("'wal.disk.accept.loss': 'all'", bad.Message, StringComparison.Ordinal);
    }

    private void Copy()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "copy"));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(_folder, "wal")))
        {
            File.Copy(file, Path.Combine(_folder, "copy", Path.GetFileName(file)));
        }
    }

    // A node that was killed: its WAL's lock is gone, the metadata still know it.
    private Task<WalId> CrashAsync() => KillAsync("host", "folder");

    private async Task<WalId> KillAsync(string? host = null, string? path = null)
    {
        WalId id;
        await using (StorageEngine engine = await OpenAsync())
        {
            id = engine.Metadata.Image.Wals.Keys.Single();
        }

        using MetadataLog metadata = await MetadataLog.OpenAsync(_store, new MetadataLogOptions(), CancellationToken.None);
        await metadata.CommitAsync([new WalAttached(id, new NodeId(1), host ?? Environment.MachineName, path ?? Path.Combine(_folder, "wal"))], CancellationToken.None);
        return id;
    }

    private Task<StorageEngine> OpenAsync() => OpenAsync("wal");

    private Task<StorageEngine> OpenAsync(string walFolder, params (string Name, string Value)[] settings)
    {
        BrokerOptions options = TestOptions.Of([.. settings, ("wal.disk.path", Path.Combine(_folder, walFolder)), ("log.dirs", _folder), ("wal.disk.segment.bytes", "1048576"), ("wal.disk.capacity.bytes", "134217728")]);
        return StorageEngine.OpenAsync(_store, options, new StorageSources(TimeProvider.System, new SystemIdSource(), new Random(1)), NullLogger.Instance, CancellationToken.None);
    }
}
