namespace Broker.ObjectStore.Wal;

/// <summary>How a <see cref="DiskWal"/> is laid out and bounded. Immutable; checked when the log is opened.</summary>
public sealed record DiskWalOptions
{
    /// <summary>The folder, for this log alone; created when absent.</summary>
    public required string Folder { get; init; }

    /// <summary>Whose log it is. A folder of another node is refused.</summary>
    public required NodeId NodeId { get; init; }

    /// <summary>
    /// Where the segments' salts come from. Two runs of one folder need different seeds (they may not predict each other's salts).
    /// Used by the log alone.
    /// </summary>
    public required Random Random { get; init; }

    /// <summary>Names a log that is made new. Not from <see cref="Random"/>: no two logs may ever have one name.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>
    /// <c>wal.disk.capacity.bytes</c>: all segment files together. The default, 2 GiB, holds some 20 seconds of 100 MB/s: what comes
    /// in while the object store is briefly away. It is used up lazily. At least two segments: one to write, one to trim.
    /// </summary>
    public long CapacityBytes { get; init; } = 2L << 30;

    /// <summary>
    /// What the log leaves free on its disk: it makes no file that would leave less, and gives back files made in advance when there is less. For
    /// whoever must write in order that the log can be trimmed: an object store on the same disk. The default, 0, is for a log that has its disk
    /// for itself.
    /// </summary>
    public long ReserveBytes { get; init; }

    /// <summary>
    /// <c>wal.disk.segment.bytes</c>, a multiple of 4 KiB: the unit of trimming and reuse. The default, 64 MiB, makes the three syncs of
    /// a segment change (header, two renames) rare against the syncs of appends, and is small against the capacity, so that little is
    /// held back by a segment's last records. A batch that is larger gets a file of its own.
    /// </summary>
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>
    /// <c>wal.disk.group.max.bytes</c>: what one write and one sync take at most (a single larger batch goes alone). The default, 8 MiB,
    /// is where a disk of 1 GB/s spends 8 ms on it: beyond, a group costs waiting without saving syncs that matter.
    /// </summary>
    public int MaxGroupBytes { get; init; } = 8 << 20;

    /// <summary>
    /// <c>wal.disk.queue.max.bytes</c>: appends queued and in flight; more are refused (a batch is always taken when none is). The stage
    /// in front stays below it by its own back-pressure; the default, 64 MiB, is eight full groups.
    /// </summary>
    public long MaxQueuedBytes { get; init; } = 64L << 20;

    /// <summary>
    /// False: one thread of the log's own blocks in write and fdatasync, and gathers meanwhile what arrives (group commit). True: each
    /// call does its I/O before it returns, on the caller's thread, one after the other; so that a simulation decides the order.
    /// </summary>
    public bool Inline { get; init; }

    /// <summary>
    /// Null: the log's own thread does its I/O (see <see cref="Inline"/>). Else it is done there, a group at a time, each asked for when there is work: so
    /// that a simulation decides when, and what has gathered by then. One at a time, in the order of the posts.
    /// </summary>
    public SynchronizationContext? Turns { get; init; }

    /// <summary>The files; null = the real folder. Tests put faults here.</summary>
    public IWalFileSystem? FileSystem { get; init; }

    /// <summary>
    /// The largest batch an append takes, with 80 bytes for each record: it must fit beside a normal segment that is still to be trimmed and
    /// one that takes its place.
    /// </summary>
    public long MaxBatchBytes => MaxBatchBytesOf(CapacityBytes, SegmentBytes);

    /// <summary>What the log writes beside each record.</summary>
    public const int RecordOverheadBytes = RecordHeader.SizeBytes;

    /// <summary><see cref="MaxBatchBytes"/> of a log with those bounds.</summary>
    public static long MaxBatchBytesOf(long capacityBytes, int segmentBytes) => Math.Max(segmentBytes, capacityBytes - (2L * segmentBytes)) - PageBytes;

    internal void Validate()
    {
        Check(SegmentBytes >= MinSegmentBytes && SegmentBytes % PageBytes == 0, "wal.disk.segment.bytes", SegmentBytes, $"a multiple of {PageBytes}, at least {MinSegmentBytes}");
        Check(CapacityBytes >= 2L * SegmentBytes, "wal.disk.capacity.bytes", CapacityBytes, $"at least two segments ({2L * SegmentBytes})");
        Check(ReserveBytes >= 0, "the WAL's reserve", ReserveBytes, "at least 0");
        Check(MaxGroupBytes >= 1, "wal.disk.group.max.bytes", MaxGroupBytes, "at least 1");
        Check(MaxQueuedBytes >= 1, "wal.disk.queue.max.bytes", MaxQueuedBytes, "at least 1");
    }

    private const int MinSegmentBytes = 64 << 10;

    /// <summary>Writes end on a multiple of it, so that the kernel never reads a page in order to fill its rest.</summary>
    internal const int PageBytes = 4096;

    private static void Check(bool holds, string option, long value, string allowed)
    {
        if (!holds)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"{option} = {value}: must be {allowed}");
        }
    }
}
