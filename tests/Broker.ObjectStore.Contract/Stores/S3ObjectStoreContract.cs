using Broker.ObjectStore.S3;
using Broker.TestSupport.S3;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The S3 store on a real server, each client with connections of its own, each test in a bucket of its own.</summary>
public sealed class S3ObjectStoreContract : ObjectStoreContract
{
    private readonly List<S3ObjectStore> _clients = [];
    private S3ObjectStoreOptions? _options;

    public override async Task InitializeAsync() => _options = await (await CephGateway.SharedAsync()).NewBucketAsync();

    public override Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        return Task.CompletedTask;
    }

    protected override IObjectStore OpenClient()
    {
        S3ObjectStore client = S3ObjectStore.Open(_options!);
        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }
}

/// <summary>As a node composes it: all decorators over the S3 store.</summary>
public sealed class DecoratedS3ObjectStoreContract : ObjectStoreContract
{
    // Hedges as soon as it may, so that its paths are taken.
    private static readonly LateRequestOptions AtOnce = new() { MinSamples = 1, Quantile = 0.5, MinDelay = TimeSpan.FromTicks(1) };

    private readonly List<S3ObjectStore> _clients = [];
    private readonly StoreMetrics _metrics = new();
    private S3ObjectStoreOptions? _options;

    public override async Task InitializeAsync() => _options = await (await CephGateway.SharedAsync()).NewBucketAsync();

    public override Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        return Task.CompletedTask;
    }

    protected override IObjectStore OpenClient()
    {
        S3ObjectStore client = S3ObjectStore.Open(_options!);
        lock (_clients)
        {
            _clients.Add(client);
        }

        ThrottlingObjectStore throttled = new(new MeteredObjectStore(client, _metrics, "test"), new ThrottlingObjectStoreOptions());
        HedgedObjectStore hedged = new(throttled, new HedgedObjectStoreOptions { Reads = AtOnce, Puts = AtOnce });
        return new RetryingObjectStore(hedged, new RetryingObjectStoreOptions());
    }
}
