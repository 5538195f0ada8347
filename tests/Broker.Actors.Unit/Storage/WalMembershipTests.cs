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

/// <summary>A write-ahead log on disk is used with the cluster that it was begun with, and no other.</summary>
public sealed class WalMembershipTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("broker-membership-").FullName;
    private readonly InMemoryObjectStore _home = new();
    private readonly InMemoryObjectStore _other = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Store_without_a_cluster_is_refused_to_a_log_of_another_and_stays_empty()
    {
        string home = await LeaveRecordsAsync(_home);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_other));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.All(
            [WalFolder, $"belongs to cluster {home}", "(object.store) holds no cluster", "Set object.store", $"remove the folder '{WalFolder}'"],
            part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.Empty(_other.Keys);
        await MustBringBackRecordsAsync(_home, home);
    }

    [Fact]
    public async Task Store_of_another_cluster_is_refused_to_a_log_and_nothing_is_changed_there()
    {
        string other = await MakeClusterAsync(_other);
        string home = await LeaveRecordsAsync(_home);
        string[] before = [.. _other.Keys];

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_other));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.Contains($"belongs to cluster {home}", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"holds cluster {other}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, _other.Keys);
        await MustBringBackRecordsAsync(_home, home);
    }

    [Fact]
    public async Task Log_that_was_left_empty_still_belongs_to_its_cluster()
    {
        await (await OpenAsync(_home)).DisposeAsync();

        await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_other));

        await (await OpenAsync(_home)).DisposeAsync();
    }

    [Fact]
    public async Task Folder_that_does_not_name_its_cluster_is_adopted_where_the_metadata_know_its_log()
    {
        string home = await LeaveRecordsAsync(_home);
        File.Delete(Note);

        await MustBringBackRecordsAsync(_home, home);

        await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_other));
    }

    [Fact]
    public async Task Folder_that_does_not_name_its_cluster_and_holds_records_is_refused_where_the_metadata_do_not_know_its_log()
    {
        await LeaveRecordsAsync(_home);
        File.Delete(Note);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_other));

        Assert.Equal(StorageErrorKind.Invalid, refused.Kind);
        Assert.All(
            [WalFolder, "does not say of which cluster", "Set object.store", $"remove the folder '{WalFolder}'"],
            part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.Empty(_other.Keys);
        Assert.False(File.Exists(Note));
    }

    [Fact]
    public async Task Folder_that_does_not_name_its_cluster_and_holds_no_records_is_adopted_by_any()
    {
        await (await OpenAsync(_home)).DisposeAsync();
        File.Delete(Note);

        await (await OpenAsync(_other)).DisposeAsync();

        await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_home));
    }

    [Fact]
    public async Task Folder_names_its_cluster_before_the_metadata_know_its_log()
    {
        WatchedStore store = new(_home, () => File.Exists(Note));

        await (await OpenAsync(store)).DisposeAsync();

        Assert.NotEmpty(store.AttachingPuts);
        Assert.All(store.AttachingPuts, Assert.True);
    }

    [Fact]
    public async Task Damaged_name_of_the_cluster_ends_the_start_with_the_file_named()
    {
        await LeaveRecordsAsync(_home);
        byte[] bytes = File.ReadAllBytes(Note);
        bytes[14] ^= 1;
        File.WriteAllBytes(Note, bytes);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(_home));

        Assert.Equal(StorageErrorKind.Corrupt, refused.Kind);
        Assert.Contains(Note, refused.Message, StringComparison.Ordinal);
    }

    private string WalFolder => Path.Combine(_folder, "wal");

    private string Note => Path.Combine(WalFolder, "cluster");

    // Acknowledged and not uploaded; the metadata know the log, as after a kill -9.
    private async Task<string> LeaveRecordsAsync(IObjectStore store)
    {
        (string clusterId, WalId id) = ("", default);
        await using (StorageEngine engine = await OpenAsync(store))
        {
            (clusterId, id) = (engine.Metadata.Image.ClusterId, engine.Metadata.Image.Wals.Keys.Single());
            byte[] payload = [1, 2, 3];
            await engine.WriteAheadLog.AppendAsync(
                [new WalRecord(new StreamId(1), new LeaderEpoch(0), Offset.Zero, Offset.Zero, 0, payload, Crc32C.Compute(payload))], CancellationToken.None);
        }

        using MetadataLog metadata = await MetadataLog.OpenAsync(store, new MetadataLogOptions(), CancellationToken.None);
        await metadata.CommitAsync([new WalAttached(id, new NodeId(1), "host", WalFolder)], CancellationToken.None);
        return clusterId;
    }

    private async Task MustBringBackRecordsAsync(IObjectStore store, string clusterId)
    {
        await using (StorageEngine engine = await OpenAsync(store))
        {
            Assert.Equal(clusterId, engine.Metadata.Image.ClusterId);
        }

        DiskWalOptions options = new() { Folder = WalFolder, NodeId = new NodeId(1), Random = new Random(1), SegmentBytes = 1 << 20, Inline = true };
        await using DiskWal wal = await DiskWal.OpenAsync(options, CancellationToken.None);
        int records = 0;
        await foreach (WalRecoveredRecord recovered in wal.RecoverAsync(CancellationToken.None))
        {
            records++;
        }

        Assert.Equal(1, records);
    }

    private static async Task<string> MakeClusterAsync(IObjectStore store)
    {
        using MetadataLog metadata = await MetadataLog.OpenAsync(store, new MetadataLogOptions(), CancellationToken.None);
        return metadata.Image.ClusterId;
    }

    private Task<StorageEngine> OpenAsync(IObjectStore store)
    {
        BrokerOptions options = TestOptions.Of(
            ("wal.disk.path", WalFolder), ("log.dirs", _folder), ("wal.disk.segment.bytes", "1048576"), ("wal.disk.capacity.bytes", "134217728"));
        return StorageEngine.OpenAsync(store, options, new StorageSources(TimeProvider.System, new SystemIdSource(), new Random(1)), NullLogger.Instance, CancellationToken.None);
    }

    /// <summary>What holds at each PUT that tells the metadata of a log.</summary>
    private sealed class WatchedStore(IObjectStore inner, Func<bool> holds) : ForwardingObjectStore(inner)
    {
        public List<bool> AttachingPuts { get; } = [];

        public override ValueTask<PutResult> PutAsync(ObjectKey key, System.Buffers.ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        {
            // The folder's path is told with it, and with nothing else.
            if (System.Text.Encoding.UTF8.GetString(System.Buffers.BuffersExtensions.ToArray(body)).Contains("broker-membership-", StringComparison.Ordinal))
            {
                AttachingPuts.Add(holds());
            }

            return base.PutAsync(key, body, condition, ct);
        }
    }
}
