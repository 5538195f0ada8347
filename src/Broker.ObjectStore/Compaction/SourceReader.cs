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
    private readonly ObjectKey _key;
    private readonly int _readBytes;
    private readonly Func<long, CancellationToken, ValueTask> _pace;
    private readonly Dictionary<(StreamId Stream, Offset Base), SectionIndex> _indexes = [];
    private byte[] _buffer = [];
    private long _bufferBegin;
    private int _bufferBytes;
    private long _end;

    private SourceReader(IObjectStore store, ObjectKey key, int readBytes, Func<long, CancellationToken, ValueTask> pace) =>
        (_store, _key, _readBytes, _pace) = (store, key, readBytes, pace);

    /// <summary>Reads the indexes of the ranges: one GET, since all indexes of an object lie together.</summary>
    public static async ValueTask<SourceReader> OpenAsync(
        IObjectStore store, ObjectKey key, IReadOnlyList<StreamRange> ranges, int readBytes, Func<long, CancellationToken, ValueTask> pace, CancellationToken ct)
    {
        SourceReader reader = new(store, key, readBytes, pace);
        long begin = ranges.Min(range => range.IndexPosition);
        int length = checked((int)(ranges.Max(range => range.IndexPosition + range.IndexBytes) - begin));
        ReadOnlyMemory<byte> indexes = await store.GetAsync(key, new ByteRange(begin, length), ct);
        if (indexes.Length != length)
        {
            throw ObjectFormat.Corrupt(key, $"it ends within the indexes of {length} bytes at byte {begin}");
        }

        await pace(length, ct);
        foreach (StreamRange range in ranges)
        {
            ReadOnlyMemory<byte> bytes = indexes.Slice((int)(range.IndexPosition - begin), range.IndexBytes);
            SectionIndex.Check(bytes.Span, key, range.IndexPosition);
            SectionIndex index = SectionIndex.Over(bytes, range.Stream, key);
            reader._indexes[(range.Stream, range.BaseOffset)] = index;
            IndexEntry last = index[index.Count - 1];
            reader._end = Math.Max(reader._end, Math.Max(last.Position + last.SizeBytes, range.StatePosition + range.StateBytes));
        }

        return reader;
    }

    /// <summary>The index of a range's blocks.</summary>
    public SectionIndex IndexOf(StreamRange range) => _indexes[(range.Stream, range.BaseOffset)];

    /// <summary>A block's bytes, checked; valid until the next read.</summary>
    /// <exception cref="StorageException">Corrupt, and as the store says.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBlockAsync(IndexEntry block, CancellationToken ct)
    {
        ReadOnlyMemory<byte> bytes = await ReadAsync(block.Position, block.SizeBytes, ct);
        StreamObjectReader.CheckBlock(_key, block, bytes.Span);
        return bytes;
    }

    /// <summary>The state that a range ends with, without its frame; empty when there is none. Valid until the next read.</summary>
    /// <exception cref="StorageException">Corrupt, and as the store says.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadStateAsync(StreamRange range, CancellationToken ct) => range.HasState
        ? SectionState.Decode(await ReadAsync(range.StatePosition, range.StateBytes, ct), _key, range.StatePosition)
        : ReadOnlyMemory<byte>.Empty;

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
        int read = await _store.ReadAsync(_key, new ByteRange(position, wanted), [_buffer.AsMemory(0, wanted)], ct);
        if (read < length)
        {
            throw ObjectFormat.Corrupt(_key, $"it ends at byte {position + read}, within the {length} bytes that begin at {position}");
        }

        (_bufferBegin, _bufferBytes) = (position, read);
        await _pace(read, ct);
    }
}
