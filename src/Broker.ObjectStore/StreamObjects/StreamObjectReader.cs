using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>
/// Reads data objects of both kinds: a section's index once, then blocks, both through the <see cref="BlockCache"/>. Every block's checksum is checked when it
/// is loaded. Thread-safe.
/// <para>Errors are the store's <see cref="StorageException"/>s, and: Corrupt when bytes are not what was written, naming object and place; Invalid when a
/// newer build wrote the object, or the section is another stream's. Blocks that cannot be read are named with their offsets; an index is a <see cref="DamagedSectionException"/>.</para>
/// </summary>
public sealed class StreamObjectReader
{
    private readonly IObjectStore _store;
    private readonly BlockCache _cache;
    private readonly StreamObjectReaderOptions _options;

    public StreamObjectReader(IObjectStore store, BlockCache cache, StreamObjectReaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxGetBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TailBytes, ObjectFormat.FooterBytes);
        _store = store;
        _cache = cache;
        _options = options;
    }

    /// <summary>What an object holds, by its footer: for tools, compaction and repair. Readers of a stream know the section from the metadata.</summary>
    public ValueTask<StreamObjectInfo> OpenAsync(ObjectKey key, CancellationToken ct) => SecondLook.ReadAsync(() => ReadDirectoryAsync(key, ct));

    private async ValueTask<StreamObjectInfo> ReadDirectoryAsync(ObjectKey key, CancellationToken ct)
    {
        ReadOnlyMemory<byte> tail = await _store.GetAsync(key, ByteRange.Suffix(_options.TailBytes), ct);
        ReadOnlyMemory<byte> footerBytes = tail[Math.Max(0, tail.Length - ObjectFormat.FooterBytes)..];
        ObjectFooter footer = ObjectFooter.Decode(footerBytes.Span, key);
        long expectedSize = footer.DirectoryPosition + footer.DirectoryBytes + ObjectFormat.FooterBytes;
        if (footer.DirectoryBytes < 0 || footer.DirectoryPosition < ObjectFormat.HeaderBytes || footer.ObjectBytes != expectedSize)
        {
            throw ObjectFormat.Corrupt(key, "the footer names a directory outside the object");
        }

        int inTail = tail.Length - ObjectFormat.FooterBytes - footer.DirectoryBytes;
        ReadOnlyMemory<byte> directory = footer.DirectoryBytes == 0
            ? ReadOnlyMemory<byte>.Empty
            : inTail >= 0
                ? tail.Slice(inTail, footer.DirectoryBytes)
                : await GetExactlyAsync(key, footer.DirectoryPosition, footer.DirectoryBytes, ct);
        return new StreamObjectInfo(footer.Kind, footer.ObjectBytes, ObjectDirectory.Decode(directory.Span, footer, key));
    }

    /// <summary>
    /// The blocks from the one that contains <paramref name="from"/> on, as many as fit <paramref name="maxBytes"/>; the first one always, and no other when
    /// one of them is damaged. The caller disposes the result.
    /// </summary>
    public async ValueTask<ObjectReadResult> ReadAsync(SectionLocation section, Offset from, int maxBytes, CancellationToken ct)
    {
        List<IndexEntry> entries = await WithIndexAsync(section, index => Choose(index, from, maxBytes), ct);
        try
        {
            return await ReadBlocksAsync(section, entries, ct);
        }
        catch (StorageException damage) when (damage.Kind == StorageErrorKind.Corrupt && entries.Count > 1)
        {
            // Whose block it is will be told when it is read: the sound ones before it are served, one by one.
            return await ReadBlocksAsync(section, entries[..1], ct);
        }
    }

    private async ValueTask<ObjectReadResult> ReadBlocksAsync(SectionLocation section, List<IndexEntry> entries, CancellationToken ct)
    {
        BlockRequest[] requests = RequestsFor(section, entries);
        IReadOnlyList<BufferLease> leases = await _cache.GetOrLoadAsync(
            requests, (first, destinations, token) => LoadAsync(section.Object, entries, first, destinations, token), ct);
        ObjectBlock[] blocks = new ObjectBlock[entries.Count];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = new ObjectBlock(Describe(entries[i]), leases[i].Memory);
        }

        return new ObjectReadResult(blocks, leases);
    }

    /// <summary>
    /// Brings the blocks that <see cref="ReadAsync"/> would give into the cache, for readers to come, and returns their bytes and the offset after
    /// them; (0, from) when the section ends before it. A block that cannot be loaded is no error here: who reads it is told.
    /// </summary>
    public async ValueTask<(long Bytes, Offset Next)> LoadAheadAsync(SectionLocation section, Offset from, int maxBytes, CancellationToken ct)
    {
        List<IndexEntry> entries = await WithIndexAsync(section, index => Choose(index, from, maxBytes), ct);
        if (entries.Count == 0)
        {
            return (0, from);
        }

        await _cache.LoadAheadAsync(
            RequestsFor(section, entries), (first, destinations, token) => LoadAsync(section.Object, entries, first, destinations, token));
        return (entries.Sum(entry => (long)entry.SizeBytes), entries[^1].LastOffset + 1);
    }

    /// <summary>
    /// The first block with a record as late as <paramref name="timestampMs"/>; null when the section has none. Read from its base offset and look at its batches.
    /// </summary>
    public ValueTask<BlockInfo?> FindBlockByTimestampAsync(SectionLocation section, long timestampMs, CancellationToken ct) =>
        WithIndexAsync(section, index => FindByTimestamp(index, timestampMs), ct);

    /// <summary>The state that was written with the section; empty when none was.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadStateAsync(SectionLocation section, CancellationToken ct)
    {
        (long position, int length) = await WithIndexAsync(section, index => (index.StatePosition, index.StateBytes), ct);
        if (length == 0)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        return await SecondLook.ReadAsync(async () => SectionState.Decode(await GetExactlyAsync(section.Object, position, length, ct), section.Object, position));
    }

    private static List<IndexEntry> Choose(SectionIndex index, Offset from, int maxBytes)
    {
        List<IndexEntry> entries = [];
        long bytes = 0;
        for (int i = index.FindByOffset(from); i < index.Count; i++)
        {
            IndexEntry entry = index[i];
            if (entries.Count > 0 && bytes + entry.SizeBytes > maxBytes)
            {
                break;
            }

            entries.Add(entry);
            bytes += entry.SizeBytes;
        }

        return entries;
    }

    private static BlockRequest[] RequestsFor(SectionLocation section, List<IndexEntry> entries) =>
        [.. entries.Select(entry => new BlockRequest(new BlockKey(section.Object, entry.Position), entry.SizeBytes))];

    private static BlockInfo Describe(IndexEntry entry) => new(entry.BaseOffset, entry.LastOffset, entry.MaxTimestampMs, entry.SizeBytes);

    private static BlockInfo? FindByTimestamp(SectionIndex index, long timestampMs)
    {
        for (int i = 0; i < index.Count; i++)
        {
            IndexEntry entry = index[i];
            if (entry.MaxTimestampMs >= timestampMs)
            {
                return Describe(entry);
            }
        }

        return null;
    }

    /// <summary>Looks something up in a section's index, which is the cache's again afterwards.</summary>
    private async ValueTask<T> WithIndexAsync<T>(SectionLocation section, Func<SectionIndex, T> lookUp, CancellationToken ct)
    {
        BlockRequest request = new(new BlockKey(section.Object, section.IndexPosition), section.IndexBytes);
        RequireRange(section.Object, section.IndexPosition, section.IndexBytes);
        IReadOnlyList<BufferLease> leases;
        try
        {
            leases = await _cache.GetOrLoadAsync(
                [request],
                (_, destinations, token) => SecondLook.ReadAsync(async () =>
                {
                    await ReadExactlyAsync(section.Object, section.IndexPosition, destinations, token);
                    SectionIndex.Check(destinations[0].Span, section.Object, section.IndexPosition);
                }),
                ct);
        }
        catch (StorageException damage) when (damage.Kind == StorageErrorKind.Corrupt)
        {
            throw new DamagedSectionException(damage.Message, damage);
        }

        try
        {
            return lookUp(SectionIndex.Over(leases[0].Memory, section.Stream, section.Object));
        }
        finally
        {
            leases[0].Release();
        }
    }

    /// <summary>Loads neighbouring blocks, each into its own memory, in GETs of bounded size.</summary>
    private async ValueTask LoadAsync(
        ObjectKey key, List<IndexEntry> entries, int first, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        int end = first + destinations.Count;
        for (int from = first; from < end;)
        {
            int to = from + 1;
            long bytes = entries[from].SizeBytes;
            while (to < end && bytes + entries[to].SizeBytes <= _options.MaxGetBytes
                && entries[to].Position == entries[to - 1].Position + entries[to - 1].SizeBytes)
            {
                bytes += entries[to].SizeBytes;
                to++;
            }

            await LoadNeighboursAsync(key, entries[from..to], [.. destinations.Skip(from - first).Take(to - from)], ct);
            from = to;
        }
    }

    private ValueTask LoadNeighboursAsync(ObjectKey key, List<IndexEntry> entries, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) => SecondLook.ReadAsync(async () =>
    {
        try
        {
            await ReadExactlyAsync(key, entries[0].Position, destinations, ct);
        }
        catch (StorageException damage) when (damage.Kind == StorageErrorKind.Corrupt)
        {
            throw new UnreadableOffsetsException(
                damage.Kind, $"offsets {entries[0].BaseOffset} to {entries[^1].LastOffset} cannot be read: {damage.Message}", entries[^1].LastOffset + 1, damage);
        }

        for (int i = 0; i < destinations.Count; i++)
        {
            CheckBlock(key, entries[i], destinations[i].Span);
        }
    });

    /// <exception cref="StorageException">Corrupt: the bytes are not what was written.</exception>
    internal static void CheckBlock(ObjectKey key, IndexEntry entry, ReadOnlySpan<byte> bytes)
    {
        uint crc = Crc32C.Compute(bytes);
        if (crc != entry.Crc)
        {
            throw new UnreadableOffsetsException(
                StorageErrorKind.Corrupt,
                $"object '{key}': the block at byte {entry.Position}, {entry.SizeBytes} bytes, offsets {entry.BaseOffset} to {entry.LastOffset}, "
                + $"has checksum {crc:x8} instead of {entry.Crc:x8}",
                entry.LastOffset + 1);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> GetExactlyAsync(ObjectKey key, long position, int length, CancellationToken ct)
    {
        RequireRange(key, position, length);
        byte[] bytes = new byte[length];
        await ReadExactlyAsync(key, position, [bytes], ct);
        return bytes;
    }

    /// <summary>Fills all of the memory with what begins at a place.</summary>
    private async ValueTask ReadExactlyAsync(ObjectKey key, long position, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        long length = destinations.Sum(piece => (long)piece.Length);
        RequireRange(key, position, length);
        int read;
        try
        {
            read = await _store.ReadAsync(key, new ByteRange(position, length), destinations, ct);
        }
        catch (StorageException error) when (error.Kind == StorageErrorKind.Invalid)
        {
            throw new StorageException(
                StorageErrorKind.Corrupt, $"object '{key}' ends before byte {position}, where {length} more bytes belong", error);
        }

        if (read != length)
        {
            throw ObjectFormat.Corrupt(key, $"it ends at byte {position + read}, within the {length} bytes that begin at {position}");
        }
    }

    private static void RequireRange(ObjectKey key, long position, long length)
    {
        if (position < 0 || length < 1)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"object '{key}': there is no range of {length} bytes at byte {position}");
        }
    }
}
