namespace Broker.ObjectStore.Wal;

/// <summary>How a <see cref="BucketWal"/> is named, owned and bounded. Immutable; checked when the log is made.</summary>
public sealed record BucketWalOptions
{
    /// <summary>The log's name: the prefix of its objects' keys (<see cref="PrefixOf"/>). Nothing else lies under it.</summary>
    public required string Prefix { get; init; }

    /// <summary>
    /// Numbers the log's owners: the epoch of the node's start in the metadata. Of two that open the log the one with the higher number has it in the
    /// end, whichever of them comes later; with equal numbers, the later one. 1 to 2^31 - 1.
    /// </summary>
    public required long OwnerEpoch { get; init; }

    /// <summary>
    /// <c>wal.bucket.capacity.bytes</c>: records that are not trimmed, with those on their way; more are refused. A bucket is never full: the bound is
    /// on what a start reads back, in time and memory. Half of it in use makes the upload stage hurry. The default, 512 MiB, is four times what the log cache
    /// takes of un-uploaded records, so that the cache's back-pressure comes first, and is read back in some 5 seconds at 100 MB/s.
    /// </summary>
    public long CapacityBytes { get; init; } = 512L << 20;

    /// <summary>
    /// <c>wal.batch.max.bytes</c>: what one PUT carries at most (a single larger batch goes alone). So much that waits is sent without waiting longer. The
    /// default, 8 MiB, is 128 PUTs a GB: beyond that, waiting saves nothing that matters.
    /// </summary>
    public int MaxBatchBytes { get; init; } = 8 << 20;

    /// <summary>
    /// <c>wal.bucket.puts.in.flight</c>: PUTs at a time, 1 to 64. A log keeps the number of its first opening as its upper bound, and an opening writes as many
    /// fences. The default, 4, carries 128 MB/s in full batches at the 250 ms that are S3's p99, and at a p50 of 25 ms has one ready every 6 ms.
    /// </summary>
    public int MaxInFlight { get; init; } = 4;

    /// <summary>
    /// <c>wal.bucket.max.puts.per.second</c>: the budget for small PUTs; 0 = none. What a quiet second leaves over may be used in the next. The default, 50, costs
    /// at most 650 dollars in a month that is never quiet (5 dollars per million PUTs), and a batch waits 10 ms for it on average. On a store that takes 60 ms,
    /// as S3 does, half as many are sent anyway (docs/benchmarks.md).
    /// </summary>
    public int MaxPutsPerSecond { get; init; } = 50;

    /// <summary>
    /// <c>wal.bucket.small.put.bytes</c>: a PUT of less is small, and keeps to the budget. The default, 1 MiB: those that carry more cost at most half a cent a GB, and
    /// producers that wait for acknowledgements before they send more are not slowed down.
    /// </summary>
    public long SmallPutBytes { get; init; } = 1 << 20;

    /// <summary>
    /// <c>wal.bucket.linger.ms</c>: how long a batch that is not full waits at most for company while other PUTs are in flight. It waits no longer than half the
    /// time that one takes. The default, 50 ms, matters only while a PUT takes 100 ms or more. The budget may make it wait longer.
    /// </summary>
    public TimeSpan MaxLinger { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// How long an append may take, see <see cref="ConditionalLogOptions.ResolveTimeout"/>. 25 s: a full batch of 8 MiB may take 23 s at the lowest rate that the S3 store
    /// allows, and clients give up after 30 s.
    /// </summary>
    public TimeSpan ResolveTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>True: the log was open before, so that one that is not there is lost (Corrupt), and not made anew: its positions would begin again.</summary>
    public bool MustExist { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names the openings and the PUTs; unique among all that ever open the log.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>Seeds the jitter of pauses.</summary>
    public int JitterSeed { get; init; }

    /// <summary>
    /// The largest batch an append takes, with 48 bytes for each record: what fits an empty log, and a buffer on its way back.
    /// </summary>
    public long LargestAppendBytes => LargestAppendBytesOf(CapacityBytes);

    /// <summary>What the log writes beside each record.</summary>
    public const int RecordOverheadBytes = BucketSlot.RecordBytes;

    /// <summary><see cref="LargestAppendBytes"/> of a log with that capacity.</summary>
    public static long LargestAppendBytesOf(long capacityBytes) => Math.Min(capacityBytes, 1L << 30);

    /// <summary>The name of the log with that id. The first digits spread the logs of many nodes over S3's prefixes.</summary>
    public static string PrefixOf(WalId id)
    {
        string text = id.ToString();
        return $"wal/{text[..2]}/{text}";
    }

    /// <summary>
    /// The first of the log's epochs that an owner may have. Each has 2^32: one for every opening of a node's run. An opening after a failure comes 5 s after the last one at
    /// the earliest, so that they last.
    /// </summary>
    internal static long FirstEpochOf(long owner) => owner << 32;

    internal void Validate()
    {
        Check(OwnerEpoch is >= 1 and <= int.MaxValue, "the WAL's owner epoch", OwnerEpoch, "1 to 2147483647");
        Check(CapacityBytes >= 1, "wal.bucket.capacity.bytes", CapacityBytes, "at least 1");
        Check(MaxBatchBytes >= 1, "wal.batch.max.bytes", MaxBatchBytes, "at least 1");
        Check(MaxInFlight is >= 1 and <= 64, "wal.bucket.puts.in.flight", MaxInFlight, "1 to 64");
        Check(MaxPutsPerSecond >= 0, "wal.bucket.max.puts.per.second", MaxPutsPerSecond, "at least 0");
        Check(SmallPutBytes >= 0, "wal.bucket.small.put.bytes", SmallPutBytes, "at least 0");
        Check(MaxLinger >= TimeSpan.Zero, "wal.bucket.linger.ms", (long)MaxLinger.TotalMilliseconds, "at least 0");
    }

    private static void Check(bool holds, string option, long value, string allowed)
    {
        if (!holds)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"{option} = {value}: must be {allowed}");
        }
    }
}
