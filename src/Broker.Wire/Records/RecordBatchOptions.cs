using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>What a batch that we write says about itself.</summary>
public sealed record RecordBatchOptions
{
    /// <summary>The offset of the first record. A producer writes 0; the broker sets the real one.</summary>
    public long BaseOffset { get; init; }

    /// <summary>The leader epoch under which it is appended; -1 when not known.</summary>
    public int PartitionLeaderEpoch { get; init; } = -1;

    public CompressionType Compression { get; init; }

    public TimestampType TimestampType { get; init; }

    /// <summary>The producer's id; -1 for none.</summary>
    public long ProducerId { get; init; } = RecordBatchView.NoProducerId;

    /// <summary>The producer's epoch; -1 for none.</summary>
    public short ProducerEpoch { get; init; } = -1;

    /// <summary>The sequence of the first record; -1 for none.</summary>
    public int BaseSequence { get; init; } = -1;

    public bool IsTransactional { get; init; }

    public bool IsControl { get; init; }

    /// <summary>The most bytes that the records may take before compression; 64 MiB suits the largest batches in practice.</summary>
    public int MaxRecordsBytes { get; init; } = 64 * 1024 * 1024;

    internal short Attributes =>
        (short)((int)Compression
            | (TimestampType == TimestampType.LogAppendTime ? BatchLayout.LogAppendTimeBit : 0)
            | (IsTransactional ? BatchLayout.TransactionalBit : 0)
            | (IsControl ? BatchLayout.ControlBit : 0));
}
