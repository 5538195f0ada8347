using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>Collects records and writes them as one batch. Dispose it: it holds pooled memory.</summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly RecordBatchOptions _options;
    private readonly BoundedBuffer _records;
    private int _count;
    private int _lastOffsetDelta = -1;
    private long _baseTimestampMs;
    private long _maxTimestampMs = -1;

    public RecordBatchBuilder(RecordBatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _records = new BoundedBuffer(options.MaxRecordsBytes);
    }

    /// <summary>Records appended so far.</summary>
    public int Count => _count;

    /// <summary>The offset that the next record gets.</summary>
    public long NextOffset => _options.BaseOffset + _lastOffsetDelta + 1;

    /// <summary>Bytes of the batch when it is not compressed.</summary>
    public int UncompressedBytes => RecordBatchView.HeaderBytes + _records.WrittenCount;

    /// <summary>Appends a record at the next offset.</summary>
    /// <param name="timestampMs">Milliseconds since 1970.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="headers">Its headers; none when null.</param>
    public void Append(
        long timestampMs,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        IReadOnlyList<RecordHeader>? headers = null) =>
        Append(new Record(NextOffset, timestampMs, key, value, headers ?? []));

    /// <summary>Appends a record at its own offset, which lies after that of the one before.</summary>
    /// <exception cref="ArgumentException">The offset lies before the next, or too far from the base for a batch.</exception>
    /// <exception cref="InvalidOperationException">It does not fit <see cref="RecordBatchOptions.MaxRecordsBytes"/>.</exception>
    public void Append(Record record)
    {
        long offsetDelta = record.Offset - _options.BaseOffset;
        if (offsetDelta <= _lastOffsetDelta || offsetDelta > int.MaxValue)
        {
            throw new ArgumentException($"the offset {record.Offset} cannot follow; the next is {NextOffset}", nameof(record));
        }

        if (_count == 0)
        {
            _baseTimestampMs = record.TimestampMs;
        }

        WriteRecord(record, record.TimestampMs - _baseTimestampMs, (int)offsetDelta);
        _maxTimestampMs = _count == 0 ? record.TimestampMs : Math.Max(_maxTimestampMs, record.TimestampMs);
        _lastOffsetDelta = (int)offsetDelta;
        _count++;
    }

    /// <summary>Writes the batch and returns its size in bytes. The builder can go on, and write a larger one.</summary>
    /// <exception cref="InvalidOperationException">No record was appended.</exception>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    public int WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_count == 0)
        {
            throw new InvalidOperationException("a batch has at least one record");
        }

        if (_options.Compression == CompressionType.None)
        {
            return WriteBatch(output, _records.WrittenSpan);
        }

        // Codecs may ask for their worst case in one piece: less than the input again, and some for frames and blocks.
        using BoundedBuffer compressed = new((int)Math.Min(Array.MaxLength - 1, (2L * _records.WrittenCount) + (256 * 1024)));
        CompressionCodecs.Get(_options.Compression).Compress(_records.WrittenSpan, compressed);
        return WriteBatch(output, compressed.WrittenSpan);
    }

    /// <summary>The batch as an array of its own.</summary>
    /// <inheritdoc cref="WriteTo" path="/exception"/>
    public byte[] ToArray()
    {
        ArrayBufferWriter<byte> output = new(UncompressedBytes);
        WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _records.Dispose();

    private int WriteBatch(IBufferWriter<byte> output, ReadOnlySpan<byte> payload)
    {
        int size = checked(BatchLayout.Records + payload.Length);
        Span<byte> batch = output.GetSpan(size)[..size];
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.BaseOffset..], _options.BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.BatchLength..], size - BatchLayout.Overhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.PartitionLeaderEpoch..], _options.PartitionLeaderEpoch);
        batch[BatchLayout.Magic] = (byte)BatchLayout.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchLayout.Attributes..], _options.Attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.LastOffsetDelta..], _lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.BaseTimestamp..], _baseTimestampMs);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.MaxTimestamp..], _maxTimestampMs);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.ProducerId..], _options.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchLayout.ProducerEpoch..], _options.ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.BaseSequence..], _options.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.RecordCount..], _count);
        payload.CopyTo(batch[BatchLayout.Records..]);
        RecordBatchPatcher.SetCrc(batch);
        output.Advance(size);
        return size;
    }

    private void WriteRecord(in Record record, long timestampDelta, int offsetDelta)
    {
        int length = 1 + Varint.SizeOf(timestampDelta) + Varint.SizeOf(offsetDelta)
            + SizeOfBytes(record.Key) + SizeOfBytes(record.Value) + Varint.SizeOf(record.Headers.Count);
        foreach (RecordHeader header in record.Headers)
        {
            int keyBytes = Encoding.UTF8.GetByteCount(header.Key);
            length = checked(length + Varint.SizeOf(keyBytes) + keyBytes + SizeOfBytes(header.Value));
        }

        int size = checked(Varint.SizeOf(length) + length);
        if (size > _options.MaxRecordsBytes - _records.WrittenCount)
        {
            throw new InvalidOperationException(
                $"a record of {size} bytes does not fit a batch of at most {_options.MaxRecordsBytes} with {_records.WrittenCount} in it");
        }

        Span<byte> target = _records.GetSpan(size);
        int used = Varint.Write(target, length);
        target[used++] = 0;
        used += Varint.Write(target[used..], timestampDelta);
        used += Varint.Write(target[used..], offsetDelta);
        used += WriteBytes(target[used..], record.Key);
        used += WriteBytes(target[used..], record.Value);
        used += Varint.Write(target[used..], record.Headers.Count);
        foreach (RecordHeader header in record.Headers)
        {
            used += Varint.Write(target[used..], Encoding.UTF8.GetByteCount(header.Key));
            used += Encoding.UTF8.GetBytes(header.Key, target[used..]);
            used += WriteBytes(target[used..], header.Value);
        }

        _records.Advance(used);
    }

    private static int SizeOfBytes(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } value ? checked(Varint.SizeOf(value.Length) + value.Length) : Varint.SizeOf(-1);

    private static int WriteBytes(Span<byte> target, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } value)
        {
            return Varint.Write(target, -1);
        }

        int used = Varint.Write(target, value.Length);
        value.Span.CopyTo(target[used..]);
        return used + value.Length;
    }
}
