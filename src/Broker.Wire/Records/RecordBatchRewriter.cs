using System.Buffers;
using System.Buffers.Binary;
using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>
/// Writes a batch anew with some of its records, as log cleaning does (KIP-98, KIP-534): the same first and last offset,
/// codec, timestamp type, producer and leader epoch; records byte for byte, so with the offsets, timestamps and headers
/// that they had. Offsets of records that are left out are gaps. Use it for one batch after another:
/// <see cref="Begin(ReadOnlySpan{byte})"/>, then <see cref="Keep"/> for each record, then <see cref="WriteTo"/>. Dispose it: it holds pooled memory.
/// </summary>
public sealed class RecordBatchRewriter : IDisposable
{
    private readonly byte[] _header = new byte[BatchLayout.Records];

    // What is kept is bounded by what it is kept of: at worst the timestamps of the smallest records take ten bytes instead of one.
    private readonly BoundedBuffer _records = new(Array.MaxLength - 1);
    private readonly BoundedBuffer _compressed = new(Array.MaxLength - 1);
    private long _baseTimestampShiftMs;
    private long _sourceBaseTimestampMs;
    private long _maxTimestampMs;
    private int _count;

    /// <summary>Starts with the header of <paramref name="batch"/>, and without records.</summary>
    public void Begin(ReadOnlySpan<byte> batch)
    {
        RecordBatchView source = new(batch);
        batch[..BatchLayout.Records].CopyTo(_header);
        _records.Clear();
        _sourceBaseTimestampMs = source.BaseTimestamp;
        (_baseTimestampShiftMs, _maxTimestampMs, _count) = (0, -1, 0);
    }

    /// <summary>
    /// As <see cref="Begin(ReadOnlySpan{byte})"/>, and gives the batch a delete horizon: the time, in milliseconds since 1970, from which
    /// on its tombstones may go. It takes the place of the base timestamp; the records' timestamps are counted from it.
    /// </summary>
    public void Begin(ReadOnlySpan<byte> batch, long deleteHorizonMs)
    {
        Begin(batch);
        Span<byte> attributes = _header.AsSpan(BatchLayout.Attributes);
        BinaryPrimitives.WriteInt16BigEndian(attributes, (short)(BinaryPrimitives.ReadInt16BigEndian(attributes) | BatchLayout.DeleteHorizonBit));
        BinaryPrimitives.WriteInt64BigEndian(_header.AsSpan(BatchLayout.BaseTimestamp), deleteHorizonMs);
        _baseTimestampShiftMs = unchecked(_sourceBaseTimestampMs - deleteHorizonMs);
    }

    /// <summary>Keeps a record of the batch; in the order of offsets.</summary>
    public void Keep(in RecordSlice record)
    {
        _maxTimestampMs = Math.Max(_maxTimestampMs, unchecked(_sourceBaseTimestampMs + record.TimestampDelta));
        _count++;
        if (_baseTimestampShiftMs == 0)
        {
            _records.Write(record.Bytes);
            return;
        }

        long timestampDelta = unchecked(record.TimestampDelta + _baseTimestampShiftMs);
        int length = 1 + Varint.SizeOf(timestampDelta) + record.AfterTimestamp.Length;
        Span<byte> target = _records.GetSpan(Varint.SizeOf(length) + length);
        int used = Varint.Write(target, length);
        target[used++] = record.Attributes;
        used += Varint.Write(target[used..], timestampDelta);
        record.AfterTimestamp.CopyTo(target[used..]);
        _records.Advance(used + record.AfterTimestamp.Length);
    }

    /// <summary>
    /// Writes the batch and returns its size in bytes. Without records it is a header alone, which readers pass over: it
    /// has the offsets and the producer, no codec, no horizon and no timestamps.
    /// </summary>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    public int WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        RecordBatchView header = new(_header);
        ReadOnlySpan<byte> payload = _records.WrittenSpan;
        if (_count == 0)
        {
            BinaryPrimitives.WriteInt16BigEndian(
                _header.AsSpan(BatchLayout.Attributes), (short)(header.Attributes & ~(BatchLayout.CompressionMask | BatchLayout.DeleteHorizonBit)));
            BinaryPrimitives.WriteInt64BigEndian(_header.AsSpan(BatchLayout.BaseTimestamp), -1);
        }
        else if (header.Compression != CompressionType.None)
        {
            _compressed.Clear();
            CompressionCodecs.Get(header.Compression).Compress(payload, _compressed);
            payload = _compressed.WrittenSpan;
        }

        // A broker's stamp is one for all records; a producer's is each record's own.
        if (_count == 0 || header.TimestampType == TimestampType.CreateTime)
        {
            BinaryPrimitives.WriteInt64BigEndian(_header.AsSpan(BatchLayout.MaxTimestamp), _maxTimestampMs);
        }

        int size = checked(BatchLayout.Records + payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(_header.AsSpan(BatchLayout.BatchLength), size - BatchLayout.Overhead);
        BinaryPrimitives.WriteInt32BigEndian(_header.AsSpan(BatchLayout.RecordCount), _count);
        Span<byte> batch = output.GetSpan(size)[..size];
        _header.CopyTo(batch);
        payload.CopyTo(batch[BatchLayout.Records..]);
        RecordBatchPatcher.SetCrc(batch);
        output.Advance(size);
        return size;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _records.Dispose();
        _compressed.Dispose();
    }
}
