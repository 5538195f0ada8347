using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

internal static partial class StorageLog
{
    /// <summary>Tells what a recovery has left out, and may have been acknowledged.</summary>
    public static void LeftOut(ILogger log, LeftOutBatches left)
    {
        if (left.Conflicting is [var conflict, ..] conflicts)
        {
            Conflict(log, conflicts.Count, conflict.Stream.ToString(), conflict.BaseOffset.Value, conflict.LastOffset.Value, conflict.Epoch.Value);
        }

        if (left.BehindGaps is [var behind, ..] gaps)
        {
            Gap(log, gaps.Count, behind.Stream.ToString(), behind.BaseOffset.Value, behind.LastOffset.Value, behind.Epoch.Value);
        }
    }

    [LoggerMessage(EventId = 3501, EventName = "StorageOpened", Level = LogLevel.Information, Message = "Storage is open: cluster {ClusterId}, {Topics} topics, {Objects} objects; WAL {Wal}: {Recovered} record batches came back from it, {Dropped} were superseded or uploaded")]
    public static partial void Opened(ILogger log, string clusterId, int topics, int objects, string wal, int recovered, int dropped);

    [LoggerMessage(EventId = 3510, EventName = "WalRecordDamaged", Level = LogLevel.Error, Message = "A record of {Stream} in the write-ahead log, offsets {First} to {Last}, is damaged: reads of it fail, all others are served. {Damage}")]
    public static partial void Damaged(ILogger log, string stream, long first, long last, string damage);

    [LoggerMessage(EventId = 3502, EventName = "WalConflict", Level = LogLevel.Error, Message = "{Count} record batches in the write-ahead log were left out, because other records have taken their offsets since: another WAL was written meanwhile. Acknowledged records may be among them. The first is of {Stream}, offsets {First} to {Last}, leader epoch {Epoch}")]
    public static partial void Conflict(ILogger log, int count, string stream, long first, long last, int epoch);

    [LoggerMessage(EventId = 3503, EventName = "WalGap", Level = LogLevel.Warning, Message = "{Count} record batches in the write-ahead log were left out, because records before them are missing: they were being written when an append was refused. If none was, the object store has lost what was uploaded. The first is of {Stream}, offsets {First} to {Last}, leader epoch {Epoch}")]
    public static partial void Gap(ILogger log, int count, string stream, long first, long last, int epoch);

    [LoggerMessage(EventId = 3504, EventName = "WalLossAccepted", Level = LogLevel.Warning, Message = "As wal.disk.accept.loss says, what {Wal} alone holds is given up")]
    public static partial void LossAccepted(ILogger log, string wal);

    [LoggerMessage(EventId = 3505, EventName = "WalNotReleased", Level = LogLevel.Warning, Message = "The metadata could not be told that WAL {Wal} is empty ({Problem}): the next start needs it, {Place}")]
    public static partial void NotReleased(ILogger log, string wal, string place, string problem);

    [LoggerMessage(EventId = 3506, EventName = "WalKept", Level = LogLevel.Information, Message = "WAL {Wal} holds what is not uploaded: the next start needs it, {Place}")]
    public static partial void Kept(ILogger log, string wal, string place);

    [LoggerMessage(EventId = 3508, EventName = "WalNotClosed", Level = LogLevel.Warning, Message = "WAL {Wal} has appends that do not end; the stop does not wait for them: the next start needs it, {Place}")]
    public static partial void NotClosed(ILogger log, string wal, string place);

    [LoggerMessage(EventId = 3507, EventName = "WalNotRetired", Level = LogLevel.Warning, Message = "WAL {Wal} is empty and released, but its last objects could not be deleted ({Problem}): they stay in {Place}, to no harm")]
    public static partial void NotRetired(ILogger log, string wal, string place, string problem);
}
