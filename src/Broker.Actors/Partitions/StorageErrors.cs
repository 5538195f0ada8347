using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.Wire;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Partitions;

/// <summary>The one place where storage errors become Kafka's codes.</summary>
internal static class StorageErrors
{
    /// <summary>A code that lets the client try again where that can help.</summary>
    public static ErrorCode ToKafka(StorageErrorKind kind) => kind switch
    {
        StorageErrorKind.Fenced => ErrorCode.NotLeaderOrFollower,
        StorageErrorKind.NotFound => ErrorCode.OffsetOutOfRange,
        _ => ErrorCode.KafkaStorageError,
    };

    /// <summary>
    /// Translates a read's failure, and logs what an operator should know: each damaged or missing piece once for each partition that wants it; that the store is away,
    /// which all partitions meet, once.
    /// </summary>
    public static ErrorCode OnRead(PartitionServices services, TopicPartition partition, Exception cause)
    {
        StorageErrorKind? kind = (cause as StorageException)?.Kind;
        if (services.Faults.IsNew(kind == StorageErrorKind.Unavailable ? "read" : $"{partition}: {cause.Message}"))
        {
            if (kind is not null)
            {
                PartitionLog.ReadFailed(services.Log, partition, kind.Value, cause.Message);
            }
            else
            {
                PartitionLog.ReadBroke(services.Log, cause, partition);
            }
        }

        return kind is null ? ErrorCode.KafkaStorageError : ToKafka(kind.Value);
    }

    /// <summary>What a damaged read of the cache is as an error; lets go of what was read.</summary>
    public static UnreadableOffsetsException DamageOf(CacheReadResult damaged)
    {
        using (damaged)
        {
            CachedBatch batch = damaged.Batches[0];
            return new UnreadableOffsetsException(
                StorageErrorKind.Corrupt, $"offsets {batch.BaseOffset} to {batch.LastOffset} were damaged in the write-ahead log, {batch.Damage}", batch.LastOffset + 1);
        }
    }

    /// <summary>Logs that a partition cannot open yet: once for all that cannot at that time.</summary>
    public static void OnOpening(PartitionServices services, TopicPartition partition, StorageException cause, TimeSpan delay)
    {
        if (services.Faults.IsNew("open"))
        {
            PartitionLog.OpenRetrying(services.Log, partition, cause.Message, delay);
        }
    }
}

internal static partial class PartitionLog
{
    [LoggerMessage(EventId = 2001, EventName = "PartitionReadFailed", Level = LogLevel.Warning, Message = "Reading {Partition} failed ({Kind}): {Problem}")]
    public static partial void ReadFailed(ILogger log, TopicPartition partition, StorageErrorKind kind, string problem);

    [LoggerMessage(EventId = 2002, EventName = "PartitionReadBroke", Level = LogLevel.Error, Message = "Reading {Partition} failed")]
    public static partial void ReadBroke(ILogger log, Exception cause, TopicPartition partition);

    [LoggerMessage(EventId = 2003, EventName = "PartitionOpenedReadOnly", Level = LogLevel.Error, Message = "{Partition} is read-only: its producers' state, in its newest object, cannot be read; appends are refused until the object is back")]
    public static partial void OpenedReadOnly(ILogger log, Exception cause, TopicPartition partition);

    [LoggerMessage(EventId = 2005, EventName = "PartitionTakesAppends", Level = LogLevel.Warning, Message = "{Partition} takes appends again: its producers' state is back")]
    public static partial void TakesAppends(ILogger log, TopicPartition partition);

    [LoggerMessage(EventId = 2004, EventName = "PartitionOpenRetrying", Level = LogLevel.Warning, Message = "Opening {Partition}, and maybe others, failed ({Problem}); it is tried again every {Delay}")]
    public static partial void OpenRetrying(ILogger log, TopicPartition partition, string problem, TimeSpan delay);
}
