using Broker.Actors.Configuration;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>
/// Decides from a record batch's header, its checksum and the lengths of its records whether a partition may take it.
/// Nothing is decompressed: the records of a compressed batch are not looked at.
/// </summary>
internal static class BatchAdmission
{
    /// <summary>Kafka's answer to a batch that cannot be taken; <see cref="ErrorCode.None"/> lets it in.</summary>
    public static (ErrorCode Error, string? Message) Check(ReadOnlyMemory<byte> records, TopicConfig config, bool isInternal, long nowMs)
    {
        if (records.IsEmpty)
        {
            return (ErrorCode.InvalidRecord, "a produce request needs one record batch for each partition, and this one is empty");
        }

        if (HoldsSeveral(records.Span))
        {
            return (ErrorCode.InvalidRecord, "a produce request may hold only one record batch for each partition");
        }

        BatchError shape = isInternal ? RecordBatchValidator.Validate(records.Span) : RecordBatchValidator.ValidateFromProducer(records.Span);
        if (shape != BatchError.None)
        {
            return (shape.ToErrorCode(), $"the record batch is not valid: {shape}");
        }

        RecordBatchView batch = new(records.Span);

        if (batch.SizeInBytes > config.MaxMessageBytes && !isInternal)
        {
            return (ErrorCode.MessageTooLarge, $"the record batch has {batch.SizeInBytes} bytes; max.message.bytes is {config.MaxMessageBytes}");
        }

        return isInternal ? (ErrorCode.None, null) : CheckOfClient(batch, config, nowMs);
    }

    private static (ErrorCode Error, string? Message) CheckOfClient(in RecordBatchView batch, TopicConfig config, long nowMs)
    {
        if (batch.IsTransactional)
        {
            return (ErrorCode.InvalidTxnState, "this broker does not serve transactions yet");
        }

        return !config.UsesLogAppendTime && batch.MaxTimestamp - nowMs > config.TimestampAfterMaxMs
            ? (ErrorCode.InvalidTimestamp, $"a record's timestamp lies more than message.timestamp.after.max.ms ({config.TimestampAfterMaxMs}) ahead")
            : (ErrorCode.None, null);
    }

    // Whether the first batch ends before the bytes do; what is not even a header is left to the validator.
    private static bool HoldsSeveral(ReadOnlySpan<byte> records) =>
        records.Length >= RecordBatchView.HeaderBytes && new RecordBatchView(records) is { Magic: 2, BatchLength: > 0 } first && first.SizeInBytes < records.Length;
}
