using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>
/// Gives the records of one batch after another uncompressed, by one buffer of its own that it keeps. What it gave is
/// valid until the next batch. Dispose it: the buffer is pooled.
/// </summary>
/// <param name="maxBytes">The most that a batch's records may take when decompressed.</param>
public sealed class RecordUnpacker(int maxBytes) : IDisposable
{
    private readonly BoundedBuffer _decompressed = new(maxBytes);

    /// <summary>The records' bytes: of a batch that is not compressed those of the batch itself.</summary>
    /// <param name="batch">A batch that <see cref="RecordBatchValidator"/> has found right; what follows it is ignored.</param>
    /// <exception cref="MalformedMessageException">The batch is cut off, of another magic, or its compressed data is damaged.</exception>
    /// <exception cref="DecompressionLimitException">Its records are larger than allowed.</exception>
    /// <exception cref="CodecUnavailableException">The codec's library is missing.</exception>
    public ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> batch)
    {
        RecordBatchView view = new(batch);
        if (view.Magic != BatchLayout.CurrentMagic || view.RecordCount < 0)
        {
            throw new MalformedMessageException($"a record batch of magic {view.Magic} with {view.RecordCount} records cannot be read");
        }

        // An empty batch has no payload, compressed or not.
        if (view.Compression == CompressionType.None || view.RecordCount == 0)
        {
            return view.Payload;
        }

        _decompressed.Clear();
        CompressionCodecs.Get(view.Compression).Decompress(view.Payload, _decompressed);
        return _decompressed.WrittenSpan;
    }

    /// <summary>The records of a batch, one by one.</summary>
    /// <inheritdoc cref="Unpack"/>
    public RecordSlices Read(ReadOnlySpan<byte> batch) => new(new RecordBatchView(batch), Unpack(batch));

    /// <inheritdoc/>
    public void Dispose() => _decompressed.Dispose();
}
