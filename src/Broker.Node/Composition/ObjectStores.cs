using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Local;
using Broker.ObjectStore.S3;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Node.Composition;

/// <summary>The object store that the settings name, with what belongs around it, counted. Disposing closes it.</summary>
public sealed class ObjectStores : IDisposable
{
    // No node keeps anything under it: a listing of it is a small answer.
    private const string ProbePrefix = "check/";

    private readonly IDisposable _opened;

    private ObjectStores(IObjectStore store, IDisposable opened) => (Store, _opened) = (store, opened);

    public IObjectStore Store { get; }

    /// <summary>The same, where each request is made once, at once: whether the store answers this node is said soon.</summary>
    public IObjectStore Direct => (IObjectStore)_opened;

    /// <summary>What was asked of the store, every try counted.</summary>
    public required StoreMetrics Metrics { get; init; }

    /// <summary>Whether the store serves.</summary>
    public required StoreAvailability Availability { get; init; }

    /// <summary>Opens the store. A folder is made when absent; a bucket is not asked for anything yet.</summary>
    /// <param name="options">Which store.</param>
    /// <param name="sources">Time, ids and randomness.</param>
    /// <param name="metrics">Where requests are counted.</param>
    /// <param name="retryFor">How long a request to a bucket is tried; null: as long as a node does.</param>
    /// <param name="availability">Told how requests end; null: one that tells nobody.</param>
    /// <param name="mustExist">Whether a folder that is no store's is refused instead of made.</param>
    /// <exception cref="StorageException">The folder cannot be used.</exception>
    public static ObjectStores Open(
        ObjectStoreOptions options, StorageSources sources, StoreMetrics metrics, TimeSpan? retryFor = null, StoreAvailability? availability = null, bool mustExist = false)
    {
        availability ??= Watch(options, sources.Clock, NullLogger.Instance);
        if (options.Bucket is null)
        {
            LocalObjectStore folder = LocalObjectStore.Open(new LocalObjectStoreOptions(options.Folder!) { Ids = sources.Ids, MustExist = mustExist });
            return new ObjectStores(new MeteredObjectStore(new WatchedObjectStore(folder, availability, sources.Clock), metrics), folder) { Metrics = metrics, Availability = availability };
        }

        S3ObjectStore bucket = S3ObjectStore.Open(options.Bucket with { Time = sources.Clock, Ids = sources.Ids, Metrics = metrics });

        // From the inside: a turn is held by a try, not by its pauses; a late read is asked a second time within one try.
        IObjectStore store = new ThrottlingObjectStore(new WatchedObjectStore(bucket, availability, sources.Clock), new ThrottlingObjectStoreOptions { MaxConcurrent = options.Bucket.MaxConnections, Time = sources.Clock });
        store = new HedgedObjectStore(store, new HedgedObjectStoreOptions { Time = sources.Clock });
        RetryingObjectStoreOptions retries = new() { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next() };
        store = new RetryingObjectStore(store, retries with { Deadline = retryFor ?? retries.Deadline });
        return new ObjectStores(store, bucket) { Metrics = metrics, Availability = availability };
    }

    /// <summary>One for all the openings of a store: a start that opens it again and again has one outage, not one for each.</summary>
    /// <param name="options">Which store.</param>
    /// <param name="clock">Times it.</param>
    /// <param name="log">For word of a store that fails, and serves again.</param>
    public static StoreAvailability Watch(ObjectStoreOptions options, TimeProvider clock, ILogger log) =>
        new(clock, outage => StoreLog.Failing(log, options.Description, outage.Reason), away => StoreLog.Serving(log, options.Description, away));

    /// <summary>Asks the store something small, once and without retries: whether it serves this node, said soon.</summary>
    /// <exception cref="StorageException">It does not.</exception>
    public async Task ProbeAsync(CancellationToken ct)
    {
        await using IAsyncEnumerator<ObjectInfo> list = Direct.ListAsync(ProbePrefix, null, ct).GetAsyncEnumerator(ct);
        await list.MoveNextAsync();
    }

    public void Dispose() => _opened.Dispose();
}

internal static partial class StoreLog
{
    [LoggerMessage(EventId = 6107, EventName = "StoreFailing", Level = LogLevel.Error, Message = "The object store {Store} does not serve: {Reason}")]
    public static partial void Failing(ILogger log, string store, string reason);

    [LoggerMessage(EventId = 6108, EventName = "StoreServes", Level = LogLevel.Warning, Message = "The object store {Store} serves again; it was away for {Away}")]
    public static partial void Serving(ILogger log, string store, TimeSpan away);
}
