using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The store that simulations rest on keeps the contract too.</summary>
public sealed class InMemoryObjectStoreContract : ObjectStoreContract
{
    private readonly InMemoryObjectStore _store = new();

    protected override IObjectStore OpenClient() => _store;
}
