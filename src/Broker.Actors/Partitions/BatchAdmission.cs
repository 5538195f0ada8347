using Broker.Actors.Configuration;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>
/// Decides from a record batch's header, its checksum and the lengths of its records whether a partition may take it.
/// Nothing is decompressed, and the records of a compressed batch are not looked at, but for compacted topics
/// (<see cref="KeyRequirement"/>).
/// </summary>
internal static class BatchAdmission
{
    /// <summary>Kafka's answer to a batch. One that the write-ahead log can never take is as one that is larger than its topic takes.</summary>
    public static BatchVerdict Check(ReadOnlyMemory<byte> records, TopicConfig config, in WalAppendBound wal, bool isInternal, long nowMs)
    {
        if (records.IsEmpty)
        {
            return new(ErrorCode.InvalidRecord, "a produce request needs one record batch for each partition, and this one is empty");
        }

        if (HoldsSeveral(records.Span))
        {
            return new(ErrorCode.InvalidRecord, "a produce request may hold only one record batch for each partition");
        }

        BatchError shape = isInternal ? RecordBatchValidator.Validate(records.Span) : RecordBatchValidator.ValidateFromProducer(records.Span);
        if (shape != BatchError.None)
        {
            return new(shape.ToErrorCode(), $"the record batch is not valid: {shape}");
        }

        RecordBatchView batch = new(records.Span);

        if (batch.SizeInBytes > config.MaxMessageBytes && !isInternal)
        {
            return new(ErrorCode.MessageTooLarge, $"the record batch has {batch.SizeInBytes} bytes; max.message.bytes is {config.MaxMessageBytes}");
        }

        if (batch.SizeInBytes > wal.BatchBytes)
        {
            return new(
                ErrorCode.MessageTooLarge, $"the record batch has {batch.SizeInBytes} bytes; the write-ahead log takes batches of up to {wal.BatchBytes} ({wal.Setting})");
        }

        return isInternal ? BatchVerdict.Taken : CheckOfClient(batch, config, nowMs);
    }

    private static BatchVerdict CheckOfClient(in RecordBatchView batch, TopicConfig config, long nowMs)
    {
        if (batch.IsTransactional)
        {
            return new(ErrorCode.InvalidTxnState, "this broker does not serve transactions yet");
        }

        if (!config.UsesLogAppendTime && batch.MaxTimestamp - nowMs > config.TimestampAfterMaxMs)
        {
            return new(ErrorCode.InvalidTimestamp, $"a record's timestamp lies more than message.timestamp.after.max.ms ({config.TimestampAfterMaxMs}) ahead");
        }

        return config.IsCompacted ? KeyRequirement.Check(batch.WholeBatch) : BatchVerdict.Taken;
    }

    // Whether the first batch ends before the bytes do; what is not even a header is left to the validator.
    private static bool HoldsSeveral(ReadOnlySpan<byte> records) =>
        records.Length >= RecordBatchView.HeaderBytes && new RecordBatchView(records) is { Magic: 2, BatchLength: > 0 } first && first.SizeInBytes < records.Length;
}
