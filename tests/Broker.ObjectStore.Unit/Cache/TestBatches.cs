using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Unit.Cache;

/// <summary>Makes batches whose bytes are known from stream and offset.</summary>
internal sealed class TestBatches
{
    public BufferPool Pool { get; } = new(new BufferPoolOptions { MaxRetainedBytes = 0 });

    public CachedBatch Create(long stream, long baseOffset, int count, int bytes, long position, int epoch = 0, long timestampMs = -1)
    {
        BufferLease lease = Pool.Rent(bytes);
        Payload(stream, baseOffset, bytes).CopyTo(lease.Memory);
        return new CachedBatch(
            new Offset(baseOffset),
            new Offset(baseOffset + count - 1),
            new LeaderEpoch(epoch),
            timestampMs,
            lease.Memory,
            Broker.Shared.Crc32C.Compute(lease.Memory.Span),
            lease,
            new WalPosition(position));
    }

    public static byte[] Payload(long stream, long baseOffset, int bytes)
    {
        byte[] payload = new byte[bytes];
        new Random(HashCode(stream, baseOffset)).NextBytes(payload);
        return payload;
    }

    private static int HashCode(long stream, long offset) => (int)((stream * 1_000_003) + offset);
}
