using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>What a read of a section gave. Its owner disposes it, once the last use of the bytes has ended; further disposals do nothing.</summary>
public sealed class ObjectReadResult : IDisposable
{
    private IReadOnlyList<BufferLease>? _leases;

    /// <param name="blocks">The blocks, in the leases' memory.</param>
    /// <param name="leases">One reference to each is taken over.</param>
    internal ObjectReadResult(IReadOnlyList<ObjectBlock> blocks, IReadOnlyList<BufferLease> leases)
    {
        Blocks = blocks;
        SizeBytes = blocks.Sum(block => (long)block.Info.SizeBytes);
        _leases = leases;
    }

    /// <summary>
    /// Whole blocks in offset order, the first one containing the offset asked for (or, when that lies in a gap, the next). Empty: the section ends before it.
    /// </summary>
    public IReadOnlyList<ObjectBlock> Blocks { get; }

    /// <summary>Bytes of all blocks.</summary>
    public long SizeBytes { get; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _leases, null) is { } leases)
        {
            foreach (BufferLease lease in leases)
            {
                lease.Release();
            }
        }
    }
}
