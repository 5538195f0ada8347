using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.MetadataLogs;

/// <summary>A metadata log on a store in memory, and what its tests look at.</summary>
public abstract class MetadataLogTesting
{
    private int _opened;

    private protected InMemoryObjectStore Store { get; } = new();

    private protected JumpingTime Time { get; } = new();

    private protected static NodeRegistered Node(int id, long epoch) => new(new NodeId(id), epoch);

    private protected static List<string> Snapshots(InMemoryObjectStore store)
        => [.. store.Keys.Where(key => key.StartsWith("meta/snapshot/", StringComparison.Ordinal))];

    private protected static void AssertSame(MetadataImage expected, MetadataImage actual)
        => Assert.Equal(MetadataSnapshot.Encode(expected, default), MetadataSnapshot.Encode(actual, default));

    private protected static async Task<StorageException> FailsAsync(StorageErrorKind kind, Func<Task> action)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(action);
        Assert.Equal(kind, error.Kind);
        return error;
    }

    private protected async Task<MetadataLog> OpenAsync(IObjectStore store, int snapshotEvery = 1000)
        => await MetadataLog.OpenAsync(
            store,
            new MetadataLogOptions { SnapshotEveryCommits = snapshotEvery, Time = Time, Ids = new SeededIdSource(++_opened), JitterSeed = 1 },
            default);
}
