using System.Diagnostics.CodeAnalysis;
using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.Cache;

/// <summary>
/// Map with SIEVE eviction (Zhang et al., NSDI 2024): entries stand in order of arrival, a hit only marks; the hand goes from old to new,
/// spares the marked once and evicts the first unmarked. So one scan does not flush what is read again and again. Holds one reference to
/// each lease. Its owner bounds it by <see cref="ShrinkTo"/>. Not thread-safe.
/// <para>Uses close together count as one: a sequential reader ends one read and begins the next in the same block, which is no sign that anybody
/// comes back to it. Were such blocks marked, the hand would run ahead of the scan and evict what was just loaded.</para>
/// </summary>
internal sealed class SieveList(long togetherBytes)
{
    /// <summary>What an entry costs beside its buffer.</summary>
    internal const int EntryOverheadBytes = 256;

    private readonly Dictionary<BlockKey, LinkedListNode<Entry>> _nodes = [];
    private readonly LinkedList<Entry> _arrivals = new(); // first = newest
    private LinkedListNode<Entry>? _hand;

    /// <summary>What came in since the first entry, in bytes: the clock by which uses are close together or apart.</summary>
    private long _arrivedBytes;

    /// <summary>Bytes of the entries' whole buffers, and their overhead.</summary>
    public long SizeBytes { get; private set; }

    public int Count => _nodes.Count;

    /// <summary>The entry's lease, still the list's: who keeps it adds a reference.</summary>
    public bool TryGet(BlockKey key, [MaybeNullWhen(false)] out BufferLease lease)
    {
        if (_nodes.TryGetValue(key, out LinkedListNode<Entry>? node))
        {
            Use(ref node.ValueRef);
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
        long bytes = lease.CapacityBytes + EntryOverheadBytes;
        _nodes.Add(key, _arrivals.AddFirst(new Entry { Key = key, Lease = lease, IsUnused = isUnused, FirstUse = _arrivedBytes }));
        SizeBytes += bytes;
        _arrivedBytes += bytes;
    }

    /// <summary>Evicts until it takes no more than <paramref name="maxBytes"/>.</summary>
    public void ShrinkTo(long maxBytes)
    {
        while (SizeBytes > maxBytes && _nodes.Count > 0)
        {
            EvictOne();
        }
    }

    // The first use is what it was loaded for, whenever that comes; a further one, later on, is worth more.
    private void Use(ref Entry entry)
    {
        if (entry.IsUnused)
        {
            entry.IsUnused = false;
            entry.FirstUse = _arrivedBytes;
        }
        else if (_arrivedBytes - entry.FirstUse >= togetherBytes)
        {
            entry.IsVisited = true;
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
        public long FirstUse;
    }
}
