using System.Buffers;
using Broker.Wire.Messages;

namespace Broker.Wire.Records;

/// <summary>What a control record says. Kafka defines more types, for its metadata log; those never reach us.</summary>
public enum ControlRecordType : short
{
    Abort = 0,
    Commit = 1,
}

/// <summary>The end of a transaction in a partition: a control batch of one record.</summary>
public static class EndTxnMarkerBatch
{
    /// <summary>Writes the marker and returns the size of the batch in bytes.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">Commit or abort.</param>
    /// <param name="coordinatorEpoch">The epoch of the transaction coordinator.</param>
    /// <param name="timestampMs">Milliseconds since 1970.</param>
    /// <param name="options">Offset, leader epoch, producer id and epoch; the rest is set here.</param>
    public static int Write(
        IBufferWriter<byte> output,
        ControlRecordType type,
        int coordinatorEpoch,
        long timestampMs,
        RecordBatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        RecordBatchOptions control = options with
        {
            IsControl = true,
            IsTransactional = true,
            BaseSequence = -1,
            Compression = Compression.CompressionType.None,
        };
        using RecordBatchBuilder builder = new(control);
        byte[] key = VersionedRecord.Write(new ControlRecordKey { Type = (short)type }, ControlRecordKey.HighestVersion);
        byte[] value = VersionedRecord.Write(new EndTxnMarker { CoordinatorEpoch = coordinatorEpoch }, EndTxnMarker.HighestVersion);
        builder.Append(timestampMs, key, value);
        return builder.WriteTo(output);
    }

    /// <summary>The type that the key of a control record names, whether or not we know it.</summary>
    /// <exception cref="ProtocolException">The key is none of a control record.</exception>
    public static ControlRecordType ReadType(ReadOnlyMemory<byte> key) =>
        (ControlRecordType)VersionedRecord.Read<ControlRecordKey>(key).Type;
}
