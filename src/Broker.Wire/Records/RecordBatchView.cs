using System.Buffers.Binary;
using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>
/// The header of one record batch (magic 2), read where it lies. It checks nothing but that a header fits:
/// ask <see cref="RecordBatchValidator"/> before trusting what it says.
/// </summary>
public readonly ref struct RecordBatchView
{
    /// <summary>Bytes of a batch's header, and so the least that a batch takes.</summary>
    public const int HeaderBytes = BatchLayout.Records;

    /// <summary>What <see cref="ProducerId"/> is in batches of producers that are not idempotent.</summary>
    public const long NoProducerId = -1;

    private readonly ReadOnlySpan<byte> _batch;

    /// <param name="batch">The batch from its first byte; what follows the batch is ignored.</param>
    /// <exception cref="MalformedMessageException">There are fewer bytes than a header has.</exception>
    public RecordBatchView(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < HeaderBytes)
        {
            throw new MalformedMessageException($"a record batch has a header of {HeaderBytes} bytes, and only {batch.Length} are there");
        }

        _batch = batch;
    }

    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_batch[BatchLayout.BaseOffset..]);

    /// <summary>Bytes of the batch after this field, as stated.</summary>
    public int BatchLength => BinaryPrimitives.ReadInt32BigEndian(_batch[BatchLayout.BatchLength..]);

    /// <summary>Bytes of the whole batch, as stated.</summary>
    public long SizeInBytes => (long)BatchLength + BatchLayout.Overhead;

    public int PartitionLeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(_batch[BatchLayout.PartitionLeaderEpoch..]);

    public sbyte Magic => (sbyte)_batch[BatchLayout.Magic];

    /// <summary>CRC-32C of everything from the attributes to the end, as stated.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_batch[BatchLayout.Crc..]);

    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_batch[BatchLayout.Attributes..]);

    public CompressionType Compression => (CompressionType)(Attributes & BatchLayout.CompressionMask);

    public TimestampType TimestampType =>
        (Attributes & BatchLayout.LogAppendTimeBit) == 0 ? TimestampType.CreateTime : TimestampType.LogAppendTime;

    public bool IsTransactional => (Attributes & BatchLayout.TransactionalBit) != 0;

    /// <summary>Whether it holds a control record (a transaction marker) and no data.</summary>
    public bool IsControl => (Attributes & BatchLayout.ControlBit) != 0;

    /// <summary>Whether <see cref="BaseTimestamp"/> is the time from which on the cleaner may drop tombstones (KIP-534).</summary>
    public bool HasDeleteHorizon => (Attributes & BatchLayout.DeleteHorizonBit) != 0;

    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_batch[BatchLayout.LastOffsetDelta..]);

    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after this batch's last.</summary>
    public long NextOffset => LastOffset + 1;

    /// <summary>Milliseconds since 1970 that the records' timestamps count from.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_batch[BatchLayout.BaseTimestamp..]);

    /// <summary>The greatest timestamp of its records, in milliseconds since 1970.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_batch[BatchLayout.MaxTimestamp..]);

    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_batch[BatchLayout.ProducerId..]);

    public bool HasProducerId => ProducerId > NoProducerId;

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_batch[BatchLayout.ProducerEpoch..]);

    /// <summary>The producer's sequence number of the first record; -1 without one.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_batch[BatchLayout.BaseSequence..]);

    /// <summary>The sequence number of the last record. Sequences go on with 0 after <see cref="int.MaxValue"/>.</summary>
    public int LastSequence => BaseSequence < 0 ? BaseSequence : ProducerSequence.Add(BaseSequence, LastOffsetDelta);

    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_batch[BatchLayout.RecordCount..]);

    /// <summary>Whether the checksum holds. False, too, when the stated length is not there.</summary>
    public bool IsCrcValid
    {
        get
        {
            long size = SizeInBytes;
            return size >= HeaderBytes && size <= _batch.Length && Crc32C.Compute(_batch[BatchLayout.Attributes..(int)size]) == Crc;
        }
    }

    /// <summary>
    /// The checksum of all bytes of a batch whose own checksum holds, which covers all but its first fields: those are read, the rest is not.
    /// </summary>
    public uint ChecksumOfAll()
    {
        ReadOnlySpan<byte> all = WholeBatch;
        return Crc32C.Append(Crc32C.Compute(all[..BatchLayout.Attributes]), all[BatchLayout.Attributes..], Crc);
    }

    /// <summary>The records as they lie in the batch, compressed or not.</summary>
    /// <exception cref="MalformedMessageException">The stated length is not there.</exception>
    public ReadOnlySpan<byte> Payload => WholeBatch[BatchLayout.Records..];

    /// <summary>The bytes of this batch and no more.</summary>
    /// <exception cref="MalformedMessageException">The stated length is not there.</exception>
    public ReadOnlySpan<byte> WholeBatch =>
        SizeInBytes >= HeaderBytes && SizeInBytes <= _batch.Length
            ? _batch[..(int)SizeInBytes]
            : throw new MalformedMessageException($"the record batch states {SizeInBytes} bytes, and {_batch.Length} are there");
}
