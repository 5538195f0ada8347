using Broker.ObjectStore.S3;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.S3;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>The contract on a bucket WAL, whose every opening fences the one before: a crash needs no other end.</summary>
public abstract class BucketWalContract : WalContract
{
    private long _opened;

    protected override int PayloadBytes => 5000;

    protected abstract IObjectStore OpenStore();

    protected override ValueTask<IWriteAheadLog> OpenAsync() => ValueTask.FromResult<IWriteAheadLog>(new BucketWal(
        OpenStore(),
        new BucketWalOptions
        {
            Prefix = BucketWalOptions.PrefixOf(new WalId(new Guid("5b1f0c52-2f5e-4c41-9a39-6a1f0e0d7c11"))),
            OwnerEpoch = ++_opened,
            CapacityBytes = 256 << 10,
            MaxBatchBytes = 64 << 10,
            MaxPutsPerSecond = 0,
            MaxLinger = TimeSpan.Zero,
        }));

    // It stays as it is, and could still write if nobody fenced it.
    protected override ValueTask CrashAsync(IWriteAheadLog log) => ValueTask.CompletedTask;
}

/// <summary>Over the store of the unit tests.</summary>
public sealed class InMemoryBucketWalContractTests : BucketWalContract
{
    private readonly InMemoryObjectStore _store = new();

    protected override IObjectStore OpenStore() => _store;
}

/// <summary>Over a real S3 server, as a node composes its store.</summary>
public sealed class S3BucketWalContractTests : BucketWalContract, IAsyncLifetime
{
    private readonly List<S3ObjectStore> _clients = [];
    private S3ObjectStoreOptions? _options;

    public async Task InitializeAsync() => _options = await (await CephGateway.SharedAsync()).NewBucketAsync();

    public Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        return Task.CompletedTask;
    }

    protected override IObjectStore OpenStore()
    {
        S3ObjectStore client = S3ObjectStore.Open(_options!);
        _clients.Add(client);
        ThrottlingObjectStore throttled = new(client, new ThrottlingObjectStoreOptions());
        return new RetryingObjectStore(new HedgedObjectStore(throttled, new HedgedObjectStoreOptions()), new RetryingObjectStoreOptions());
    }
}
