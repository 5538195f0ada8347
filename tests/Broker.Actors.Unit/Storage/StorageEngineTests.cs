using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
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

        StorageException refused = await Assert.ThrowsAsync<StorageException>(OpenAsync);

        Assert.Contains(_folder, refused.Message, StringComparison.Ordinal);
        await first.Metadata.CommitAsync([new NodeRegistered(new NodeId(9), 1)], CancellationToken.None);
    }

    private Task<StorageEngine> OpenAsync()
    {
        BrokerOptions options = TestOptions.Of(("log.dirs", _folder), ("wal.disk.segment.bytes", "1048576"), ("wal.disk.capacity.bytes", "134217728"));
        return StorageEngine.OpenAsync(_store, options, new StorageSources(TimeProvider.System, new SystemIdSource(), new Random(1)), NullLogger.Instance, CancellationToken.None);
    }
}
