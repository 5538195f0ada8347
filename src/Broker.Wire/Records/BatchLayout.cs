namespace Broker.Wire.Records;

/// <summary>Where the fields of a record batch of magic 2 lie, in bytes from its start (KIP-98).</summary>
internal static class BatchLayout
{
    public const int BaseOffset = 0;
    public const int BatchLength = 8;
    public const int PartitionLeaderEpoch = 12;
    public const int Magic = 16;
    public const int Crc = 17;
    public const int Attributes = 21;
    public const int LastOffsetDelta = 23;
    public const int BaseTimestamp = 27;
    public const int MaxTimestamp = 35;
    public const int ProducerId = 43;
    public const int ProducerEpoch = 51;
    public const int BaseSequence = 53;
    public const int RecordCount = 57;
    public const int Records = 61;

    /// <summary>Base offset and length, which the length does not count.</summary>
    public const int Overhead = PartitionLeaderEpoch;

    /// <summary>The magic that this layout belongs to; 0 and 1 are the message sets of before Kafka 0.11.</summary>
    public const sbyte CurrentMagic = 2;

    public const int CompressionMask = 0x07;
    public const int LogAppendTimeBit = 0x08;
    public const int TransactionalBit = 0x10;
    public const int ControlBit = 0x20;
    public const int DeleteHorizonBit = 0x40;
}
