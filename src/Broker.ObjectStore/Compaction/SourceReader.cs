using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.ObjectStore.Compaction;

/// <summary>
/// Reads ranges of one object in the order in which they lie there, in large GETs past the caches: nobody else will want these bytes. Holds one GET's bytes
/// and the ranges' indexes. Not thread-safe.
/// </summary>
internal sealed class SourceReader
{
    private readonly IObjectStore _store;
    private readonly ObjectState _source;
    private readonly int _readBytes;
    private readonly Func<long, CancellationToken, Task> _pace;
    private readonly Dictionary<(StreamId Stream, Offset Base), SectionIndex> _indexes = [];
    private byte[] _buffer = [];
    private long _bufferBegin;
    private int _bufferBytes;
    private long _end;

    private SourceReader(IObjectStore store, ObjectState source, int readBytes, Func<long, CancellationToken, Task> pace) =>
        (_store, _source, _readBytes, _pace) = (store, source, readBytes, pace);

    /// <summary>Reads the indexes of the ranges: one GET, since all indexes of an object lie together.</summary>
    public static async ValueTask<SourceReader> OpenAsync(
        IObjectStore store, ObjectState source, IReadOnlyList<StreamRange> ranges, int readBytes, Func<long, CancellationToken, Task> pace, CancellationToken ct)
    {
        SourceReader reader = new(store, source, readBytes, pace);
        try
        {
            await reader.ReadIndexesAsync(ranges, ct);
            return reader;
        }
        catch (StorageException cause) when (IsDamage(cause))
        {
            throw new DamagedSourceException(source.ObjectId, cause);
        }
    }

    private static bool IsDamage(StorageException cause) => cause.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid or StorageErrorKind.NotFound;

    private async ValueTask ReadIndexesAsync(IReadOnlyList<StreamRange> ranges, CancellationToken ct)
    {
        long begin = ranges.Min(range => range.IndexPosition);
        int length = checked((int)(ranges.Max(range => range.IndexPosition + range.IndexBytes) - begin));
        await SecondLook.ReadAsync(() => ReadIndexesAsync(ranges, begin, length, ct));
    }

    private async ValueTask ReadIndexesAsync(IReadOnlyList<StreamRange> ranges, long begin, int length, CancellationToken ct)
    {
        ObjectKey key = _source.Key;
        ReadOnlyMemory<byte> indexes = await _store.GetAsync(key, new ByteRange(begin, length), ct);
        if (indexes.Length != length)
        {
            throw ObjectFormat.Corrupt(key, $"it ends within the indexes of {length} bytes at byte {begin}");
        }

        await _pace(length, ct);
        foreach (StreamRange range in ranges)
        {
            ReadOnlyMemory<byte> bytes = indexes.Slice((int)(range.IndexPosition - begin), range.IndexBytes);
            SectionIndex.Check(bytes.Span, key, range.IndexPosition);
            SectionIndex index = SectionIndex.Over(bytes, range.Stream, key);
            _indexes[(range.Stream, range.BaseOffset)] = index;
            long blocksEnd = index.Count > 0 ? index[index.Count - 1].Position + index[index.Count - 1].SizeBytes : 0;
            _end = Math.Max(_end, Math.Max(blocksEnd, range.StatePosition + range.StateBytes));
        }
    }

    /// <summary>The index of a range's blocks.</summary>
    public SectionIndex IndexOf(StreamRange range) => _indexes[(range.Stream, range.BaseOffset)];

    /// <summary>A block's bytes, checked; valid until the next read.</summary>
    /// <exception cref="DamagedSourceException">They are not what was written.</exception>
    /// <exception cref="StorageException">As the store says.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadBlockAsync(IndexEntry block, CancellationToken ct) => ReadAsync(
        block.Position,
        block.SizeBytes,
        bytes =>
        {
            StreamObjectReader.CheckBlock(_source.Key, block, bytes.Span);
            return bytes;
        },
        ct);

    /// <summary>The state that a range ends with, without its frame; empty when there is none. Valid until the next read.</summary>
    /// <exception cref="DamagedSourceException">It is not what was written.</exception>
    /// <exception cref="StorageException">As the store says.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadStateAsync(StreamRange range, CancellationToken ct) => range.HasState
        ? await ReadAsync(range.StatePosition, range.StateBytes, bytes => SectionState.Decode(bytes, _source.Key, range.StatePosition), ct)
        : ReadOnlyMemory<byte>.Empty;

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long position, int length, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> check, CancellationToken ct)
    {
        try
        {
            return await SecondLook.ReadAsync(async () =>
            {
                ReadOnlyMemory<byte> bytes = await ReadAsync(position, length, ct);
                try
                {
                    return check(bytes);
                }
                catch (StorageException)
                {
                    // The second look is at the store, not at this.
                    _bufferBytes = 0;
                    throw;
                }
            });
        }
        catch (StorageException cause) when (IsDamage(cause))
        {
            throw new DamagedSourceException(_source.ObjectId, cause);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long position, int length, CancellationToken ct)
    {
        if (position < _bufferBegin || position + length > _bufferBegin + _bufferBytes)
        {
            await FillAsync(position, length, ct);
        }

        return _buffer.AsMemory((int)(position - _bufferBegin), length);
    }

    private async ValueTask FillAsync(long position, int length, CancellationToken ct)
    {
        int wanted = (int)Math.Max(length, Math.Min(_readBytes, _end - position));
        if (_buffer.Length < wanted)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(wanted);
        }

        _bufferBytes = 0;
        int read = await _store.ReadAsync(_source.Key, new ByteRange(position, wanted), [_buffer.AsMemory(0, wanted)], ct);
        if (read < length)
        {
            throw ObjectFormat.Corrupt(_source.Key, $"it ends at byte {position + read}, within the {length} bytes that begin at {position}");
        }

        (_bufferBegin, _bufferBytes) = (position, read);
        await _pace(read, ct);
    }
}
