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
    private readonly INodeWal _wal;
    private readonly ReopeningWal _reopening;
    private readonly WalOwnership _ownership;
    private readonly TimeSpan _releasePatience;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    private StorageEngine(IObjectStore store, INodeMetadata metadata, ReopeningWal writeAheadLog, BufferPool buffers, LogCache cache, BlockCache blocks, INodeWal wal, WalOwnership ownership, TimeSpan releasePatience, HistoryPace? pace, TimeProvider clock, ILogger log)
    {
        (_wal, _reopening, _ownership, _releasePatience, _clock, _log) = (wal, writeAheadLog, ownership, releasePatience, clock, log);
        (Store, Metadata, Buffers, Cache, Blocks) = (store, metadata, buffers, cache, blocks);
        NodeEpoch = metadata.Image.NodeEpochs[ownership.Node];
        WriteAheadLog = new GuardedWal(writeAheadLog, () => metadata.Loss);
        ReadAhead = new ReadAhead(new ReadAheadOptions { TotalBytes = blocks.CapacityBytes / 2 }, clock);
        IObjectStore reads = new PurposeObjectStore(store, StorePurpose.Read);
        Objects = new StreamObjectReader(pace is null ? reads : new HistoryObjectStore(reads, pace), blocks, new StreamObjectReaderOptions());
    }

    public IObjectStore Store { get; }

    internal INodeMetadata Metadata { get; }

    public IWriteAheadLog WriteAheadLog { get; }

    /// <summary>The log that this node appends to.</summary>
    public WalId Wal => _ownership.Own;

    /// <summary>The epoch of this start of the node.</summary>
    public long NodeEpoch { get; }

    /// <summary>What came back at the start.</summary>
    public RecoveredStreams Recovered { get; private init; } = new([], new Dictionary<StreamId, Offset>());

    /// <summary>What of the node's logs is lost, so that nothing can be acknowledged until somebody restores it; null: nothing that is known of.</summary>
    public StorageException? Loss => _reopening.Loss ?? Metadata.Loss;

    public BufferPool Buffers { get; }

    public LogCache Cache { get; }

    public BlockCache Blocks { get; }

    public ReadAhead ReadAhead { get; }

    public StreamObjectReader Objects { get; }

    /// <summary>Opens metadata and WAL and recovers. Nothing is lost by failing half-way: it can be opened again.</summary>
    /// <exception cref="StorageException">
    /// As the store and the WAL say; Invalid when another WAL may hold acknowledged records (<see cref="WalOwnership"/>), or this one belongs to another cluster
    /// (<see cref="WalMembership"/>): then nothing was changed.
    /// </exception>
    public static Task<StorageEngine> OpenAsync(IObjectStore store, BrokerOptions options, StorageSources sources, ILogger log, CancellationToken cancellation) =>
        OpenAsync(store, options, sources, new TakeOverJoin(new PurposeObjectStore(store, StorePurpose.Metadata), options, sources, log), log, cancellation);

    /// <inheritdoc cref="OpenAsync(IObjectStore, BrokerOptions, StorageSources, ILogger, CancellationToken)"/>
    /// <param name="store">The object store.</param>
    /// <param name="options">The node's.</param>
    /// <param name="sources">Time, ids, randomness.</param>
    /// <param name="join">How the node takes its place in the metadata.</param>
    /// <param name="log">For what operators should know.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<StorageEngine> OpenAsync(IObjectStore store, BrokerOptions options, StorageSources sources, IClusterJoin join, ILogger log, CancellationToken cancellation)
    {
        BufferPool buffers = new(new BufferPoolOptions());
        LogCache cache = new(new LogCacheOptions { CapacityBytes = options.Storage.LogCacheBytes }, sources.Clock);

        // First a WAL on disk, which takes its folder's lock: a second start on a running node's folder must end here, before it
        // fences that node out of its metadata. A WAL in the bucket is found by the metadata.
        // A log on disk shares nothing with reads of the store that they could be slowed down for.
        HistoryPace? pace = options.Storage.WalKind == WalKind.Bucket ? new HistoryPace(sources.Clock) : null;
        INodeWal wal = pace is not null
            ? new BucketNodeWal(new TimedObjectStore(new PurposeObjectStore(store, StorePurpose.Wal), pace, sources.Clock), options, sources)
            : await DiskNodeWal.OpenAsync(options, sources, cancellation);
        INodeMetadata? metadata = null;
        try
        {
            metadata = await join.JoinAsync(wal, cancellation);
            MetadataImage image = metadata.Image;
            WalOwnership ownership = wal.OwnershipIn(image);
            ReopeningWal reopening = wal.Open(ownership, image.NodeEpochs[options.NodeId]);
            RecoveredStreams recovered = await RecoverAsync(store, sources, image, ownership, reopening, buffers, cache, log, cancellation);
            BlockCache blocks = new(new BlockCacheOptions { CapacityBytes = options.Storage.BlockCacheBytes }, buffers);
            return new StorageEngine(store, metadata, reopening, buffers, cache, blocks, wal, ownership, options.ShutdownTimeout / 4, pace, sources.Clock, log)
            {
                Recovered = recovered,
            };
        }
        catch
        {
            metadata?.Dispose();
            await wal.DisposeAsync();
            throw;
        }
    }

    // Of a stream that was taken over from another node and is not uploaded so far, the log of that node is needed before this one.
    private static async Task<RecoveredStreams> RecoverAsync(IObjectStore store, StorageSources sources, MetadataImage image, WalOwnership ownership, IWriteAheadLog wal, BufferPool buffers, LogCache cache, ILogger log, CancellationToken cancellation)
    {
        StreamState[] own = [.. image.Streams.Values.Where(stream => WalDebts.Before(image, stream, WalId.None).Contains(ownership.Own))];
        WalId[] others = [.. own.SelectMany(stream => WalDebts.Before(image, stream, ownership.Own)).Distinct().Order()];
        WalRecovery recovery = new(image, buffers, own.Select(stream => stream.StreamId).ToHashSet());
        int recovered = await ReadAsync();
        StorageLog.Opened(log, image.ClusterId, image.Topics.Count, image.Objects.Count, ownership.Own.ToString(), recovered, recovery.DroppedBatches);
        foreach ((StreamId stream, CachedBatch batch) in recovery.Damaged)
        {
            StorageLog.Damaged(log, stream.ToString(), batch.BaseOffset.Value, batch.LastOffset.Value, batch.Damage!);
        }

        StorageLog.LeftOut(log, recovery.LeftOut);
        StorageLog.LeftOut(log, recovery.LeftOutOfOthers);

        return new RecoveredStreams(others, own.ToDictionary(stream => stream.StreamId, stream => stream.EndOffset));

        async Task<int> ReadAsync()
        {
            foreach (WalId other in others)
            {
                await recovery.ReadAsync(OtherWals.ReadAsync(store, image.Wals[other], sources, null, cancellation), isOwn: false, cancellation);
            }

            try
            {
                return await recovery.RunAsync(wal, cache, cancellation);
            }
            catch (StorageException damage) when (damage.Kind == StorageErrorKind.Corrupt && WalPlace.IsInBucket(ownership.Place))
            {
                throw new StorageException(damage.Kind, $"{damage.Message}. Or, if that is gone for good, give up what this log alone holds: wal.disk.accept.loss={ownership.Own}", damage);
            }
        }
    }

    /// <summary>Closes everything. Nothing may be appended any more: a WAL whose records are all uploaded is released here.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await WriteAheadLog.DisposeAsync().AsTask().WaitAsync(_releasePatience, _clock);
            await ReleaseWalAsync();
            await _wal.DisposeAsync();
        }
        catch (TimeoutException)
        {
            // An append whose outcome the store does not tell: nobody was told either, and the next start finds out.
            StorageLog.NotClosed(_log, _ownership.Own.ToString(), _ownership.Place);
        }

        Metadata.Dispose();
        Blocks.Dispose();
    }

    // What was acknowledged is in the cache (W2 of the WAL stage) until it is uploaded. The log is closed: nothing comes after this.
    private async ValueTask ReleaseWalAsync()
    {
        if (Cache.UnuploadedBytes > 0)
        {
            StorageLog.Kept(_log, _ownership.Own.ToString(), _ownership.Place);
            return;
        }

        try
        {
            await Metadata.ReleaseAsync(_ownership.Node, NodeEpoch, _ownership.Own).WaitAsync(_releasePatience, _clock);
        }
        catch (Exception cause) when (cause is StorageException or TimeoutException)
        {
            StorageLog.NotReleased(_log, _ownership.Own.ToString(), _ownership.Place, cause.Message);
            return;
        }

        try
        {
            await _wal.RetireAsync(CancellationToken.None).AsTask().WaitAsync(_releasePatience, _clock);
        }
        catch (Exception cause) when (cause is StorageException or TimeoutException)
        {
            StorageLog.NotRetired(_log, _ownership.Own.ToString(), _ownership.Place, cause.Message);
        }
    }
}

/// <summary>The streams whose records a start has read from logs.</summary>
/// <param name="OtherLogs">The logs of other nodes among these: this node had taken the streams over from them.</param>
/// <param name="UploadedEnds">How far each was uploaded by then.</param>
public sealed record RecoveredStreams(IReadOnlyList<WalId> OtherLogs, IReadOnlyDictionary<StreamId, Offset> UploadedEnds);

/// <summary>Where a node gets time, ids and randomness from.</summary>
public sealed record StorageSources(TimeProvider Clock, IIdSource Ids, Random Random)
{
    /// <summary>The disk WAL's files; null: the folder that the settings name. A simulation brings a disk of its own.</summary>
    public IWalFileSystem? WalFiles { get; init; }

    /// <summary>Where the disk WAL does its I/O; null: on a thread of its own.</summary>
    public SynchronizationContext? WalTurns { get; init; }
}
