using System.Buffers;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class PurposeObjectStoreTests
{
    private readonly StoreMetrics _metrics = new();

    [Fact]
    public async Task Requests_are_counted_for_what_their_store_is_for_through_the_decorators_between()
    {
        RetryingObjectStore shared = new(new MeteredObjectStore(new InMemoryObjectStore(), _metrics), new RetryingObjectStoreOptions());
        PurposeObjectStore wal = new(shared, StorePurpose.Wal);
        PurposeObjectStore read = new(shared, StorePurpose.Read);
        ObjectKey key = new("k");

        await wal.PutAsync(key, new ReadOnlySequence<byte>(new byte[10]), PutCondition.IfAbsent, default);
        await read.GetAsync(key, ByteRange.All, default);
        await foreach (ObjectInfo info in read.ListAsync("", null, default))
        {
            // In between, somebody else's: what one sets must not reach the other.
            await wal.HeadAsync(info.Key, default);
        }

        await shared.DeleteAsync(key, default);
        await wal.DeleteManyAsync([key, new ObjectKey("other")], default);

        Assert.Equal(
            ["Put wal 1 10", "Get read 1 10", "Head wal 1 0", "List read 1 0", "Delete other 1 0", "Delete wal 2 0"],
            _metrics.Snapshot().Where(counts => counts.Requests > 0).Select(counts => $"{counts.Operation} {counts.Purpose} {counts.Requests} {counts.Bytes}"));
    }
}
