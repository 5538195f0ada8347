using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The decorators change nothing of the contract.</summary>
public sealed class DecoratedObjectStoreContract : ObjectStoreContract
{
    private readonly InMemoryObjectStore _store = new();
    private readonly StoreMetrics _metrics = new();

    protected override IObjectStore OpenClient()
        => new RetryingObjectStore(new MeteredObjectStore(_store, _metrics, "test"), new RetryingObjectStoreOptions());
}
