using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Broker.ObjectStore;

namespace Broker.Actors.Cleaning;

/// <summary>
/// The greatest offset of each key, in memory that is bounded for any number of keys: open addressing in one array, 24
/// bytes an entry, no allocation for a key. Of a key it holds 16 bytes of its SHA-256, so nobody can make two keys that
/// are taken for one, which would lose a record. Where an entry lies depends on the process besides, so nobody can make
/// keys that crowd one place. It begins small and grows by sixteens, so that few keys touch little memory and the array
/// before, which is there while the next one is filled, is a sixteenth on top. Dispose it to let the memory go.
///
/// H1. Of a key that was put, the offset that is found is the greatest that was put; of no other key is one found.
/// H2. When it is full it refuses further keys, and goes on to take greater offsets of those that it has.
/// </summary>
internal sealed class OffsetMap : IDisposable
{
    /// <summary>What one key takes.</summary>
    public const int EntryBytes = 24;

    private const int GrowthLog2 = 4;

    // 48 KiB: a topic of a thousand keys needs no growth.
    private const int MinSlots = 2048;

    // Beyond this a search passes over hundreds of entries, and at all of it it would not end.
    private const double MaxLoadFactor = 0.97;

    private readonly int _maxSlots;
    private readonly double _loadFactor;
    private Entry[] _entries;
    private int _growthsLeft;

    /// <param name="maxBytes">The most that the entries take: <c>log.cleaner.dedupe.buffer.size</c>; beyond 2 GiB no more is used.</param>
    /// <param name="loadFactor">How full of them it may be, between 0 and 1: <c>log.cleaner.io.buffer.load.factor</c>.</param>
    public OffsetMap(long maxBytes, double loadFactor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 2 * EntryBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(loadFactor);
        _maxSlots = (int)(Math.Min(maxBytes, int.MaxValue) / EntryBytes);
        _loadFactor = Math.Min(loadFactor, MaxLoadFactor);
        while (_maxSlots >> (GrowthLog2 * (_growthsLeft + 1)) >= MinSlots)
        {
            _growthsLeft++;
        }

        _entries = new Entry[_maxSlots >> (GrowthLog2 * _growthsLeft)];
    }

    /// <summary>Keys that it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Keys that it can hold; always one at least.</summary>
    public int MaxKeys => MaxKeysIn(_maxSlots);

    /// <summary>Bytes that it takes now.</summary>
    public long SizeInBytes => (long)_entries.Length * EntryBytes;

    /// <summary>Notes that there is a record of <paramref name="key"/> at <paramref name="offset"/>.</summary>
    /// <returns>False when the key is not known and there is no room for it; nothing is changed then.</returns>
    public bool TryPut(ReadOnlySpan<byte> key, Offset offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset.Value);
        Digest digest = Digest.Of(key);
        ref Entry entry = ref FindSlot(_entries, digest);
        if (!entry.IsFree)
        {
            entry.OffsetPlusOne = Math.Max(entry.OffsetPlusOne, offset.Value + 1);
            return true;
        }

        if (Count >= MaxKeysIn(_entries.Length))
        {
            if (_growthsLeft == 0)
            {
                return false;
            }

            Grow();
            entry = ref FindSlot(_entries, digest);
        }

        entry = new Entry(digest, offset.Value + 1);
        Count++;
        return true;
    }

    /// <summary>The greatest offset that was put for <paramref name="key"/>; null when none was.</summary>
    public Offset? Find(ReadOnlySpan<byte> key)
    {
        ref Entry entry = ref FindSlot(_entries, Digest.Of(key));
        return entry.IsFree ? null : new Offset(entry.OffsetPlusOne - 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _entries = [default];
        (Count, _growthsLeft) = (0, 0);
    }

    private int MaxKeysIn(int slots) => Math.Max(1, (int)(slots * _loadFactor));

    private void Grow()
    {
        _growthsLeft--;
        Entry[] larger = new Entry[_maxSlots >> (GrowthLog2 * _growthsLeft)];
        foreach (ref Entry entry in _entries.AsSpan())
        {
            if (!entry.IsFree)
            {
                FindSlot(larger, entry.Digest) = entry;
            }
        }

        _entries = larger;
    }

    // The entry of the digest, or the free one where it belongs. One is always free.
    private static ref Entry FindSlot(Entry[] entries, in Digest digest)
    {
        // HashCode is seeded anew in each process.
        uint place = (uint)HashCode.Combine(digest.First, digest.Second);
        int slot = (int)(((ulong)place * (ulong)entries.Length) >> 32);
        while (true)
        {
            ref Entry entry = ref entries[slot];
            if (entry.IsFree || entry.Digest == digest)
            {
                return ref entry;
            }

            slot = slot + 1 == entries.Length ? 0 : slot + 1;
        }
    }

    private readonly record struct Digest(ulong First, ulong Second)
    {
        public static Digest Of(ReadOnlySpan<byte> key)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(key, hash);
            return new Digest(MemoryMarshal.Read<ulong>(hash), MemoryMarshal.Read<ulong>(hash[sizeof(ulong)..]));
        }
    }

    private struct Entry(Digest digest, long offsetPlusOne)
    {
        public readonly Digest Digest = digest;

        // 0, as in fresh memory, is no entry.
        public long OffsetPlusOne = offsetPlusOne;

        public readonly bool IsFree => OffsetPlusOne == 0;
    }
}
