using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>
/// Reads the records of one batch, decompressing when needed. It owns the decompressed bytes: keys, values and headers
/// that it returned are invalid once it is disposed. Of an uncompressed batch they are slices of the batch itself.
/// </summary>
public sealed class RecordReader : IDisposable
{
    /// <summary>The fewest bytes of a header: the lengths of its key and its value.</summary>
    private const int MinHeaderBytes = 2;

    private readonly BoundedBuffer? _decompressed;
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long? _appendTimestamp;
    private readonly int _lastOffsetDelta;
    private readonly int _count;
    private RecordCursor _cursor;
    private int _read;

    private RecordReader(RecordBatchView batch, ReadOnlyMemory<byte> payload, BoundedBuffer? decompressed)
    {
        _decompressed = decompressed;
        _cursor = new RecordCursor(payload);
        _baseOffset = batch.BaseOffset;
        _baseTimestamp = batch.BaseTimestamp;
        _appendTimestamp = batch.TimestampType == TimestampType.LogAppendTime ? batch.MaxTimestamp : null;
        _lastOffsetDelta = batch.LastOffsetDelta;
        _count = batch.RecordCount;
    }

    /// <summary>Records that the batch states to hold.</summary>
    public int Count => _count;

    /// <summary>Opens a batch that <see cref="RecordBatchValidator"/> has found right.</summary>
    /// <param name="batch">The batch; what follows it is ignored.</param>
    /// <param name="maxDecompressedBytes">The most that its records may take when decompressed.</param>
    /// <exception cref="MalformedMessageException">The batch is cut off, of another magic, or its compressed data is damaged.</exception>
    /// <exception cref="DecompressionLimitException">Its records are larger than allowed.</exception>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    public static RecordReader Open(ReadOnlyMemory<byte> batch, int maxDecompressedBytes)
    {
        RecordBatchView view = new(batch.Span);
        if (view.Magic != BatchLayout.CurrentMagic)
        {
            throw new MalformedMessageException($"a record batch of magic {view.Magic} cannot be read; only {BatchLayout.CurrentMagic} can");
        }

        int payloadBytes = view.Payload.Length;
        ReadOnlyMemory<byte> payload = batch.Slice(BatchLayout.Records, payloadBytes);
        if (view.RecordCount < 0)
        {
            throw new MalformedMessageException($"the record batch states {view.RecordCount} records");
        }

        if (view.Compression == CompressionType.None || view.RecordCount == 0)
        {
            return new RecordReader(view, payload, null);
        }

        BoundedBuffer decompressed = new(maxDecompressedBytes);
        try
        {
            CompressionCodecs.Get(view.Compression).Decompress(payload.Span, decompressed);
            return new RecordReader(view, decompressed.WrittenMemory, decompressed);
        }
        catch
        {
            decompressed.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next record; false after the last.</summary>
    /// <exception cref="MalformedMessageException">The records are not what the batch's header states.</exception>
    public bool TryRead(out Record record)
    {
        if (_read == _count)
        {
            record = default;
            if (_cursor.Remaining > 0)
            {
                throw _cursor.Malformed($"{_cursor.Remaining} bytes follow the last of {_count} records");
            }

            return false;
        }

        int length = _cursor.ReadLength("a record");
        int end = _cursor.Position + length;
        record = ReadRecord();
        if (_cursor.Position != end)
        {
            throw _cursor.Malformed($"a record should end at byte {end}");
        }

        _read++;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _decompressed?.Dispose();

    private Record ReadRecord()
    {
        _cursor.SkipByte("a record's attributes");
        long timestampDelta = _cursor.ReadVarlong("a timestamp delta");
        int offsetDelta = _cursor.ReadVarint("an offset delta");
        if (offsetDelta < 0 || offsetDelta > _lastOffsetDelta)
        {
            throw _cursor.Malformed($"the offset delta {offsetDelta} lies outside the batch's 0 to {_lastOffsetDelta}");
        }

        ReadOnlyMemory<byte>? key = _cursor.ReadNullableBytes("a key");
        ReadOnlyMemory<byte>? value = _cursor.ReadNullableBytes("a value");
        RecordHeader[] headers = ReadHeaders();
        long timestamp = _appendTimestamp ?? unchecked(_baseTimestamp + timestampDelta);
        return new Record(unchecked(_baseOffset + offsetDelta), timestamp, key, value, headers);
    }

    private RecordHeader[] ReadHeaders()
    {
        int count = _cursor.ReadVarint("the number of headers");
        if (count < 0 || (long)count * MinHeaderBytes > _cursor.Remaining)
        {
            throw _cursor.Malformed($"{count} headers are impossible with {_cursor.Remaining} bytes left");
        }

        if (count == 0)
        {
            return [];
        }

        RecordHeader[] headers = new RecordHeader[count];
        for (int i = 0; i < count; i++)
        {
            string key = _cursor.ReadText("a header's key");
            headers[i] = new RecordHeader(key, _cursor.ReadNullableBytes("a header's value"));
        }

        return headers;
    }
}
