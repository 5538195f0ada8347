using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>Answers ListOffsets for one partition as it was when the question came.</summary>
/// <param name="services">The partition's.</param>
/// <param name="partition">Which.</param>
/// <param name="logStart">Where it begins.</param>
/// <param name="highWatermark">Where it ends.</param>
/// <param name="cleanableEnd">Up to where the store alone answers (<see cref="IPartitionHistory.CleanableEnd"/>).</param>
internal sealed class OffsetSearch(PartitionServices services, OpenedPartition partition, Offset logStart, Offset highWatermark, Offset cleanableEnd)
{
    // ListOffsets' names for places, instead of timestamps.
    public const long Latest = -1;
    public const long Earliest = -2;
    public const long MaxTimestamp = -3;
    public const long EarliestLocal = -4;
    public const long LatestTiered = -5;
    public const long EarliestPendingUpload = -6;

    // One batch is decompressed at a time; this only keeps a hostile one from asking for more.
    private const int MaxBatchBytes = 256 << 20;

    /// <summary>The answer; timestamps may need blocks from the store.</summary>
    public async Task<OffsetReply> FindAsync(LookUpOffset lookUp) => lookUp.Timestamp switch
    {
        Latest => At(lookUp.Tag, highWatermark, partition.Epoch),

        // All of the log is at hand alike: there is no local part that begins later.
        Earliest or EarliestLocal => At(lookUp.Tag, logStart, EpochOf(logStart)),
        MaxTimestamp => await FindMaxTimestampAsync(lookUp.Tag),

        // KIP-1005 and KIP-1023 ask about tiered storage, which a topic here never has: Kafka then knows no such offset.
        LatestTiered or EarliestPendingUpload => None(lookUp.Tag),
        < 0 => new OffsetReply(lookUp.Tag, ErrorCode.UnsupportedVersion, -1, -1, -1),
        _ => await FindByTimestampAsync(lookUp.Tag, lookUp.Timestamp),
    };

    // The cache first, here and below: what an upload takes out of it meanwhile is in the store before.
    private async Task<OffsetReply> FindMaxTimestampAsync(ReplyTag tag)
    {
        long inCache = MaxCachedTimestampMs();
        long max = Math.Max(services.History.MaxTimestampMs(partition.Stream) ?? -1, inCache);
        return max < 0 ? None(tag) : await FindByTimestampAsync(tag, max);
    }

    private long MaxCachedTimestampMs()
    {
        long max = -1;
        Offset from = Offset.Max(services.Cache.CachedStart(partition.Stream) ?? highWatermark, cleanableEnd);
        while (services.Cache.Read(partition.Stream, from, ScanBytes) is { Batches.Count: > 0 } read)
        {
            using (read)
            {
                foreach (CachedBatch batch in read.Batches)
                {
                    max = Math.Max(max, batch.MaxTimestampMs);
                    from = batch.LastOffset + 1;
                }
            }
        }

        return max;
    }

    // References are taken for so many bytes at a time while a scan passes over the cache.
    private const int ScanBytes = 16 << 20;

    private async Task<OffsetReply> FindByTimestampAsync(ReplyTag tag, long timestampMs)
    {
        OffsetReply? inCache = FindInCache(tag, timestampMs);
        return await services.History.FindByTimestampAsync(partition.Stream, timestampMs, CancellationToken.None) is { } stored
            && FindRecord(tag, stored, timestampMs) is { } inStore && (inCache is null || inStore.Offset <= inCache.Offset)
            ? inStore
            : inCache ?? None(tag);
    }

    private OffsetReply? FindInCache(ReplyTag tag, long timestampMs)
    {
        using CacheReadResult cached = services.Cache.FindByTimestamp(partition.Stream, timestampMs, cleanableEnd);
        if (cached.Status == CacheReadStatus.Damaged)
        {
            throw StorageErrors.DamageOf(cached);
        }

        foreach (CachedBatch batch in cached.Batches)
        {
            if (FindRecord(tag, batch.Payload, timestampMs) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private OffsetReply? FindRecord(ReplyTag tag, ReadOnlyMemory<byte> batch, long timestampMs)
    {
        RecordBatchView view = new(batch.Span);
        LeaderEpoch epoch = new(view.PartitionLeaderEpoch);
        if (view.TimestampType == TimestampType.LogAppendTime)
        {
            return new OffsetReply(tag, ErrorCode.None, view.MaxTimestamp, Math.Max(view.BaseOffset, logStart.Value), epoch.Value);
        }

        using RecordReader records = RecordReader.Open(batch, MaxBatchBytes);
        while (records.TryRead(out Record record))
        {
            if (record.TimestampMs >= timestampMs && record.Offset >= logStart.Value)
            {
                return new OffsetReply(tag, ErrorCode.None, record.TimestampMs, record.Offset, epoch.Value);
            }
        }

        return null;
    }

    private LeaderEpoch EpochOf(Offset offset)
    {
        LeaderEpoch epoch = partition.Epoch;
        foreach (EpochStart start in partition.Epochs.Reverse())
        {
            epoch = start.Epoch;
            if (start.StartOffset <= offset)
            {
                break;
            }
        }

        return epoch;
    }

    private static OffsetReply At(ReplyTag tag, Offset offset, LeaderEpoch epoch) => new(tag, ErrorCode.None, -1, offset.Value, epoch.Value);

    private static OffsetReply None(ReplyTag tag) => new(tag, ErrorCode.None, -1, -1, -1);
}
