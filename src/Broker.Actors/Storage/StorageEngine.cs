using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// The storage of a node, opened: metadata fenced, write-ahead log recovered into the cache. Owns what it opened;
/// disposing closes the WAL and the metadata log.
/// </summary>
public sealed class StorageEngine : IAsyncDisposable
{
    private StorageEngine(IObjectStore store, MetadataLog metadata, IWriteAheadLog writeAheadLog, BufferPool buffers, LogCache cache, BlockCache blocks, TimeProvider clock)
    {
        (Store, Metadata, WriteAheadLog, Buffers, Cache, Blocks) = (store, metadata, writeAheadLog, buffers, cache, blocks);
        ReadAhead = new ReadAhead(new ReadAheadOptions { TotalBytes = blocks.CapacityBytes / 4 }, clock);
        Objects = new StreamObjectReader(store, blocks, new StreamObjectReaderOptions());
    }

    public IObjectStore Store { get; }

    public MetadataLog Metadata { get; }

    public IWriteAheadLog WriteAheadLog { get; }

    public BufferPool Buffers { get; }

    public LogCache Cache { get; }

    public BlockCache Blocks { get; }

    public ReadAhead ReadAhead { get; }

    public StreamObjectReader Objects { get; }

    /// <summary>Opens metadata and WAL and recovers. Nothing is lost by failing half-way: it can be opened again.</summary>
    /// <exception cref="StorageException">As the store and the WAL say.</exception>
    public static async Task<StorageEngine> OpenAsync(IObjectStore store, BrokerOptions options, StorageSources sources, ILogger log, CancellationToken cancellation)
    {
        BufferPool buffers = new(new BufferPoolOptions());
        LogCache cache = new(new LogCacheOptions { CapacityBytes = options.Storage.LogCacheBytes }, sources.Clock);

        // First the WAL, which takes its folder's lock: a second start on a running node's folder must end here, before it
        // fences that node out of its metadata.
        DiskWal wal = await DiskWal.OpenAsync(WalOptions(options, sources.Random), cancellation);
        MetadataLog? metadata = null;
        try
        {
            metadata = await MetadataLog.OpenAsync(store, new MetadataLogOptions { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next() }, cancellation);
            long nodeEpoch = metadata.Image.NodeEpochs.GetValueOrDefault(options.NodeId) + 1;
            await metadata.CommitAsync([new NodeRegistered(options.NodeId, nodeEpoch)], cancellation);
            WalRecovery recovery = new(metadata.Image, buffers);
            int recovered = await recovery.RunAsync(wal, cache, cancellation);
            StorageLog.Opened(log, metadata.Image.ClusterId, metadata.Image.Topics.Count, metadata.Image.Objects.Count, recovered, recovery.DroppedBatches);
            return new StorageEngine(store, metadata, wal, buffers, cache, new BlockCache(new BlockCacheOptions { CapacityBytes = options.Storage.BlockCacheBytes }, buffers), sources.Clock);
        }
        catch
        {
            metadata?.Dispose();
            await wal.DisposeAsync();
            throw;
        }
    }

    private static DiskWalOptions WalOptions(BrokerOptions options, Random random) => new()
    {
        Folder = options.Storage.WalFolder,
        NodeId = options.NodeId,
        Random = random,
        CapacityBytes = options.Storage.WalCapacityBytes,
        SegmentBytes = options.Storage.WalSegmentBytes,
        MaxGroupBytes = options.Storage.WalBatchMaxBytes,
    };

    public async ValueTask DisposeAsync()
    {
        await WriteAheadLog.DisposeAsync();
        Metadata.Dispose();
        Blocks.Dispose();
    }
}

/// <summary>Where a node gets time, ids and randomness from.</summary>
public sealed record StorageSources(TimeProvider Clock, IIdSource Ids, Random Random);

internal static partial class StorageLog
{
    [LoggerMessage(EventId = 3301, EventName = "StorageOpened", Level = LogLevel.Information, Message = "Storage is open: cluster {ClusterId}, {Topics} topics, {Objects} objects; {Recovered} record batches came back from the write-ahead log, {Dropped} were superseded or uploaded")]
    public static partial void Opened(ILogger log, string clusterId, int topics, int objects, int recovered, int dropped);
}
