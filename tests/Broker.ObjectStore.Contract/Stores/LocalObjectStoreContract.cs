using Broker.ObjectStore.Local;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The local store, each client with an instance of its own on the same folder.</summary>
public sealed class LocalObjectStoreContract : ObjectStoreContract
{
    private readonly string _root = Directory.CreateTempSubdirectory("broker-store-").FullName;
    private readonly List<LocalObjectStore> _clients = [];

    public override Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        Directory.Delete(_root, recursive: true);
        return Task.CompletedTask;
    }

    protected override bool RemovesPartsWhenOpened => true;

    protected override IObjectStore OpenClient()
    {
        LocalObjectStore client = LocalObjectStore.Open(new LocalObjectStoreOptions(_root));
        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }
}
