using System.Buffers;
using Broker.ObjectStore.Buffers;
using Broker.Wire.Records;

namespace Broker.Actors.Groups;

/// <summary>Builds record batches of the broker's own.</summary>
internal static class InternalBatch
{
    /// <summary>One uncompressed batch with these records. The caller owns the lease.</summary>
    public static BufferLease Build(IReadOnlyList<KeyValue> records, long nowMs, BufferPool buffers)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        foreach (KeyValue record in records)
        {
            builder.Append(nowMs, record.Key, record.Value is { } value ? value : default(ReadOnlyMemory<byte>?));
        }

        ArrayBufferWriter<byte> output = new(builder.UncompressedBytes);
        builder.WriteTo(output);
        BufferLease lease = buffers.Rent(output.WrittenCount);
        output.WrittenSpan.CopyTo(lease.Memory.Span);
        return lease;
    }
}
