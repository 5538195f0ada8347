using System.Diagnostics.CodeAnalysis;
using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.Cache;

/// <summary>
/// Map with SIEVE eviction (Zhang et al., NSDI 2024): entries stand in order of arrival, a hit only marks; the hand goes from old to new,
/// spares the marked once and evicts the first unmarked. So one scan does not flush what is read again and again. Holds one reference to
/// each lease. Its owner bounds it by <see cref="ShrinkTo"/>. Not thread-safe.
/// </summary>
internal sealed class SieveList
{
    /// <summary>What an entry costs beside its buffer.</summary>
    internal const int EntryOverheadBytes = 256;

    private readonly Dictionary<BlockKey, LinkedListNode<Entry>> _nodes = [];
    private readonly LinkedList<Entry> _arrivals = new(); // first = newest
    private LinkedListNode<Entry>? _hand;

    /// <summary>Bytes of the entries' whole buffers, and their overhead.</summary>
    public long SizeBytes { get; private set; }

    public int Count => _nodes.Count;

    /// <summary>The entry's lease, still the list's: who keeps it adds a reference.</summary>
    public bool TryGet(BlockKey key, [MaybeNullWhen(false)] out BufferLease lease)
    {
        if (_nodes.TryGetValue(key, out LinkedListNode<Entry>? node))
        {
            // Its first use is what it was loaded for; only a further one is worth more.
            node.ValueRef.IsVisited = !node.ValueRef.IsUnused;
            node.ValueRef.IsUnused = false;
            lease = node.ValueRef.Lease;
            return true;
        }

        lease = null;
        return false;
    }

    /// <summary>Whether there is such an entry; does not mark it.</summary>
    public bool Contains(BlockKey key) => _nodes.ContainsKey(key);

    /// <summary>Adds an entry that is not there yet; takes over the caller's reference.</summary>
    /// <param name="isUnused">It was loaded for a use that is still to come.</param>
    public void Add(BlockKey key, BufferLease lease, bool isUnused)
    {
        _nodes.Add(key, _arrivals.AddFirst(new Entry { Key = key, Lease = lease, IsUnused = isUnused }));
        SizeBytes += lease.CapacityBytes + EntryOverheadBytes;
    }

    /// <summary>Evicts until it takes no more than <paramref name="maxBytes"/>.</summary>
    public void ShrinkTo(long maxBytes)
    {
        while (SizeBytes > maxBytes && _nodes.Count > 0)
        {
            EvictOne();
        }
    }

    private void EvictOne()
    {
        LinkedListNode<Entry> node = _hand ?? _arrivals.Last!;
        while (node.ValueRef.IsVisited)
        {
            node.ValueRef.IsVisited = false;
            node = node.Previous ?? _arrivals.Last!;
        }

        _hand = node.Previous;
        _arrivals.Remove(node);
        _nodes.Remove(node.ValueRef.Key);
        SizeBytes -= node.ValueRef.Lease.CapacityBytes + EntryOverheadBytes;
        node.ValueRef.Lease.Release();
    }

    private struct Entry
    {
        public BlockKey Key;
        public BufferLease Lease;
        public bool IsVisited;
        public bool IsUnused;
    }
}
