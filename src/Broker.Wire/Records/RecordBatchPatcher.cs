using System.Buffers.Binary;

namespace Broker.Wire.Records;

/// <summary>Changes what a broker sets in a producer's batch, in place.</summary>
public static class RecordBatchPatcher
{
    /// <summary>Sets the offset of the first record. The checksum does not cover it.</summary>
    public static void SetBaseOffset(Span<byte> batch, long baseOffset) =>
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.BaseOffset..], baseOffset);

    /// <summary>Sets the leader epoch under which the batch was appended. The checksum does not cover it.</summary>
    public static void SetPartitionLeaderEpoch(Span<byte> batch, int leaderEpoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.PartitionLeaderEpoch..], leaderEpoch);

    /// <summary>
    /// Gives all records of the batch the broker's time and recomputes the checksum, for topics with
    /// <c>message.timestamp.type=LogAppendTime</c>. The records' own deltas stay, and mean nothing any more.
    /// </summary>
    /// <param name="batch">One whole, valid batch.</param>
    /// <param name="timestampMs">Milliseconds since 1970.</param>
    public static void SetLogAppendTime(Span<byte> batch, long timestampMs)
    {
        Span<byte> attributes = batch[BatchLayout.Attributes..];
        short before = BinaryPrimitives.ReadInt16BigEndian(attributes);
        BinaryPrimitives.WriteInt16BigEndian(attributes, (short)(before | BatchLayout.LogAppendTimeBit));
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.MaxTimestamp..], timestampMs);
        int size = new RecordBatchView(batch).WholeBatch.Length;
        SetCrc(batch[..size]);
    }

    /// <summary>Sets the checksum of a whole batch.</summary>
    internal static void SetCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchLayout.Crc..], Crc32C.Compute(batch[BatchLayout.Attributes..]));
}
