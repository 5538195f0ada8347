using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Configuration;

/// <summary>The write-ahead log, the uploads and the caches.</summary>
/// <param name="WalFolder"><c>wal.disk.path</c>; by default <c>wal</c> in the data folder.</param>
/// <param name="WalCapacityBytes">The most that the WAL's segment files may take; full, it refuses until uploads free some.</param>
/// <param name="WalBatchMaxBytes">The most that one group commit writes.</param>
/// <param name="AcceptedWalLoss">
/// <c>wal.disk.accept.loss</c>: WALs whose records the operator gives up. Empty by default: a node whose WAL is not the one that the metadata know
/// refuses to start, since acknowledged records would be gone. Named one by one, by ids that are never given again, so that it can
/// stay in the settings without ever hiding another loss.
/// </param>
/// <param name="UploadBytes">An upload starts when so many bytes wait for one. 32 MiB: few requests a GB, and two in flight leave half of the log cache to the tail.</param>
/// <param name="UploadInterval">An upload starts when the oldest byte has waited so long.</param>
/// <param name="UploadsInFlight">Objects that are put to the store at a time.</param>
/// <param name="LogCacheBytes">Memory for what is not uploaded and for the tail of what is. 128 MiB: about a second of a loaded node, which is what tailing consumers lag.</param>
/// <param name="BlockCacheBytes">Memory for blocks read back from the store. 64 MiB: 128 blocks, some dozen consumers catching up at different places.</param>
/// <param name="WalKind"><c>wal.kind</c>. The disk is the default: it acknowledges in a millisecond, and costs no requests.</param>
/// <param name="BucketWal">The bounds of a WAL in the bucket.</param>
public sealed record StorageOptions(
    string WalFolder,
    long WalCapacityBytes,
    int WalSegmentBytes,
    int WalBatchMaxBytes,
    IReadOnlyList<WalId> AcceptedWalLoss,
    long UploadBytes,
    TimeSpan UploadInterval,
    int UploadsInFlight,
    long LogCacheBytes,
    long BlockCacheBytes,
    WalKind WalKind,
    BucketWalSettings BucketWal)
{
    // Indexes of the objects, metadata commits and the next snapshot.
    private const long BesidePayloadBytes = 8 << 20;

    /// <summary>
    /// What the WAL leaves free on its disk, which by default is the object store's too: room for the uploads that are on their way. Only an upload
    /// frees the WAL, so a WAL that took the last room would stay full for good.
    /// </summary>
    public long WalReserveBytes => (UploadsInFlight * UploadBytes) + BesidePayloadBytes;

    public static StorageOptions From(BrokerSettings settings, string dataFolder) => new(
        Path.GetFullPath(settings.Text("wal.disk.path") ?? Path.Combine(dataFolder, "wal")),
        settings.Long("wal.disk.capacity.bytes"),
        settings.Int("wal.disk.segment.bytes"),
        settings.Int("wal.batch.max.bytes"),
        WalIds(settings, "wal.disk.accept.loss"),
        settings.Long("object.store.upload.bytes"),
        settings.Duration("object.store.upload.interval.ms"),
        settings.Int("object.store.uploads.in.flight"),
        settings.Long("cache.log.bytes"),
        settings.Long("cache.block.bytes"),
        settings.Text("wal.kind") == "bucket" ? WalKind.Bucket : WalKind.Disk,
        BucketWalSettings.From(settings));

    /// <summary>Commits of the metadata between two snapshots of them: no setting, since nobody but a simulation, which has not so many, needs another.</summary>
    public int MetadataSnapshotEveryCommits { get; init; } = new MetadataLogOptions().SnapshotEveryCommits;

    /// <summary>
    /// Appends that the WAL stage hands to the log at a time. A disk's log has one, and gathers meanwhile what comes next. A bucket's gathers by itself,
    /// from all that is there; what bounds it is the log cache.
    /// </summary>
    public int WalWritesInFlight => WalKind == WalKind.Disk ? 1 : 1024;

    /// <summary>The largest record batch that the WAL takes.</summary>
    public WalAppendBound WalAppendBound => WalKind == WalKind.Disk
        ? new WalAppendBound(DiskWalOptions.MaxBatchBytesOf(WalCapacityBytes, WalSegmentBytes), DiskWalOptions.RecordOverheadBytes, "wal.disk.capacity.bytes")
        : new WalAppendBound(BucketWalOptions.LargestAppendBytesOf(BucketWal.CapacityBytes), BucketWalOptions.RecordOverheadBytes, "wal.bucket.capacity.bytes");

    private static List<WalId> WalIds(BrokerSettings settings, string name)
    {
        List<WalId> ids = [];
        foreach (string text in settings.Text(name)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            ids.Add(WalId.TryParse(text, out WalId id)
                ? id
                : throw new SettingsException([$"bad value for '{name}': '{text}'; allowed: ids of WALs, as the refusal to start names them, separated by commas"]));
        }

        return ids;
    }
}
