using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.MetadataLogs;

/// <summary>Snapshots of the metadata log, its guarantees M3 and M4 among them.</summary>
public sealed class MetadataLogSnapshotTests(ITestOutputHelper output) : MetadataLogTesting
{
    [Fact]
    public async Task Snapshot_and_replay_give_what_direct_application_gives_M3()
    {
        int seed = Environment.TickCount & 0xFFFFF;
        output.WriteLine($"seed {seed}");
        for (int round = 0; round < 15; round++)
        {
            InMemoryObjectStore store = new();
            RandomMetadata random = new(seed + round);
            MetadataLog log = await OpenAsync(store, snapshotEvery: 7);
            bool hasReopened = false;
            for (int commit = 0; commit < 100; commit++)
            {
                List<MetadataEvent> events = random.Commit(log.Image);
                MetadataBatch batch = new(Time.GetUtcNow().ToUnixTimeMilliseconds(), events);
                MetadataImage direct = log.Image.Apply(batch, log.Image.Version + 1 + (hasReopened ? 1 : 0));
                await log.CommitAsync(events, default);
                AssertSame(direct, log.Image);
                hasReopened = commit % 13 == 0;
                if (hasReopened)
                {
                    log.Dispose();
                    log = await OpenAsync(store, snapshotEvery: 7);
                    AssertSame(direct, log.Image);
                }
            }

            log.Dispose();
            Assert.Equal(2, Snapshots(store).Count);
            Assert.InRange(store.Keys.Count(key => key.StartsWith("meta/log/0", StringComparison.Ordinal)), 1, 45);
        }
    }

    [Fact]
    public async Task A_corrupt_newest_snapshot_loses_nothing_M4()
    {
        using MetadataLog log = await OpenAsync(Store, snapshotEvery: 5);
        for (int i = 0; i < 23; i++)
        {
            await log.CommitAsync([Node(i, 1)], default);
        }

        Store.Damage(Snapshots(Store)[^1], bytes => bytes[..^3]);
        using MetadataLog next = await OpenAsync(Store, snapshotEvery: 5);
        AssertSame(log.Image, next.Image);
    }

    [Fact]
    public async Task Without_a_readable_snapshot_a_trimmed_log_is_Corrupt_and_nothing_is_written()
    {
        using MetadataLog log = await OpenAsync(Store, snapshotEvery: 5);
        for (int i = 0; i < 23; i++)
        {
            await log.CommitAsync([Node(i, 1)], default);
        }

        Snapshots(Store).ForEach(key => Store.Damage(key, bytes => bytes[..^3]));
        IReadOnlyList<string> keys = Store.Keys;
        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(Store));
        Assert.Contains(Snapshots(Store)[^1], error.Message, StringComparison.Ordinal);
        Assert.Equal(keys, Store.Keys);
    }

    [Fact]
    public async Task A_newer_snapshot_or_entry_is_Invalid_and_nothing_is_touched()
    {
        using MetadataLog log = await OpenAsync(Store);
        await log.CommitAsync([Node(1, 1)], default);
        await log.SnapshotAsync(default);
        InMemoryObjectStore newer = Store.Clone();
        newer.Damage(Snapshots(newer)[0], bytes =>
        {
            bytes[4] = 9;
            return bytes;
        });
        IReadOnlyList<string> keys = newer.Keys;
        StorageException error = await FailsAsync(StorageErrorKind.Invalid, () => OpenAsync(newer));
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);
        Assert.Equal(keys, newer.Keys);
    }

    [Fact]
    public async Task A_failed_snapshot_does_not_fail_the_commit_and_is_tried_again()
    {
        bool isDown = true;
        FaultyObjectStore client = new(
            Store, (_, key, _) => isDown && key.ToString().StartsWith("meta/snapshot", StringComparison.Ordinal) ? Fault.Refuse : Fault.None);
        using MetadataLog log = await OpenAsync(client, snapshotEvery: 2);
        await log.CommitAsync([Node(1, 1)], default);
        await log.CommitAsync([Node(2, 1)], default);
        Assert.Equal(StorageErrorKind.Unavailable, log.SnapshotFailure!.Kind);
        Assert.Empty(Snapshots(Store));
        isDown = false;
        await log.CommitAsync([Node(3, 1)], default);
        Assert.Null(log.SnapshotFailure);
        Assert.Single(Snapshots(Store));
    }

    [Fact]
    public async Task A_snapshot_that_hangs_holds_up_no_commit()
    {
        int begun = 0;
        FaultyObjectStore client = new(Store, (_, key, _) =>
        {
            bool isSnapshot = key.ToString().StartsWith("meta/snapshot", StringComparison.Ordinal);
            begun += isSnapshot ? 1 : 0;
            return isSnapshot ? Fault.Hang : Fault.None;
        });
        MetadataLog log = await OpenAsync(client, snapshotEvery: 2);
        for (int i = 0; i < 9; i++)
        {
            await log.CommitAsync([Node(i, 1)], default).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(1, begun);
        Assert.Empty(Snapshots(Store));
        MetadataImage image = log.Image;
        log.Dispose();
        using MetadataLog next = await OpenAsync(Store);
        AssertSame(image, next.Image);
    }
}
