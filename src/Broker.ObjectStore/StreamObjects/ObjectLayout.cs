using System.Buffers.Binary;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>
/// Knows where everything of an object lies, and holds none of its batches: header; per section its blocks and its state; the sections' indexes; directory;
/// footer. Blocks before indexes, so that an object can be sent while it is written. The caller writes what it adds here, in that order. One use, by one owner.
/// </summary>
internal sealed class ObjectLayout
{
    private readonly ObjectKind _kind;
    private readonly int _blockBytes;
    private readonly List<(StreamRange Section, List<IndexEntry> Blocks)> _sections = [];
    private List<IndexEntry> _blocks = [];
    private IndexEntry _block;
    private StreamId _stream;
    private Offset _base;
    private long _begin;

    public ObjectLayout(ObjectKind kind, StreamObjectWriterOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BlockBytes);
        (_kind, _blockBytes) = (kind, options.BlockBytes);
    }

    /// <summary>How far the object reaches with all that was added.</summary>
    public long Length { get; private set; }

    /// <summary>The object's first bytes.</summary>
    public byte[] Begin()
    {
        byte[] header = new byte[ObjectFormat.HeaderBytes];
        BinaryPrimitives.WriteUInt64BigEndian(header, ObjectFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), ObjectFormat.Version);
        header[10] = (byte)_kind;
        Length = header.Length;
        return header;
    }

    /// <summary>Begins a section, which reaches from <paramref name="baseOffset"/> on, whatever the offset of its first batch.</summary>
    public void BeginSection(StreamId stream, Offset baseOffset)
    {
        (_stream, _base, _begin) = (stream, baseOffset, Length);
        (_blocks, _block) = ([], default);
    }

    /// <summary>Adds whole batches to the section that was begun: they stay in one block, together with those before them as far as these fit.</summary>
    /// <exception cref="ArgumentException">They are empty, or do not follow what was added before.</exception>
    public void AddBatches(Offset baseOffset, Offset lastOffset, long maxTimestampMs, ReadOnlySpan<byte> payload, uint payloadCrc)
    {
        bool follows = _block.SizeBytes > 0 ? baseOffset > _block.LastOffset : baseOffset >= (_blocks.Count > 0 ? _blocks[^1].LastOffset + 1 : _base);
        if (payload.IsEmpty || !follows)
        {
            throw new ArgumentException($"batch {baseOffset}..{lastOffset} is empty or does not follow the one before it");
        }

        if ((long)_block.SizeBytes + payload.Length > _blockBytes)
        {
            EndBlock();
        }

        bool isFirst = _block.SizeBytes == 0;
        _block = new IndexEntry(
            isFirst ? Length : _block.Position,
            _block.SizeBytes + payload.Length,
            Crc32C.Append(_block.Crc, payload, payloadCrc),
            isFirst ? baseOffset : _block.BaseOffset,
            lastOffset,
            isFirst ? maxTimestampMs : Math.Max(_block.MaxTimestampMs, maxTimestampMs));
        Length += payload.Length;
    }

    /// <summary>
    /// Adds a batch whose bytes are damaged, as a block of its own under the checksum that it should have: whoever reads it finds it damaged, and nothing else with it.
    /// </summary>
    public void AddDamaged(Offset baseOffset, Offset lastOffset, long maxTimestampMs, int sizeBytes, uint payloadCrc)
    {
        EndBlock();
        _blocks.Add(new IndexEntry(Length, sizeBytes, payloadCrc, baseOffset, lastOffset, maxTimestampMs));
        Length += sizeBytes;
    }

    private void EndBlock()
    {
        if (_block.SizeBytes > 0)
        {
            _blocks.Add(_block);
            _block = default;
        }
    }

    /// <summary>Ends the section, which reaches to <paramref name="endOffset"/>, whatever the offset of its last batch; returns what to write for its state.</summary>
    /// <exception cref="ArgumentException">It has neither batches nor a state, or batches beyond its end.</exception>
    public byte[] EndSection(LeaderEpoch epoch, Offset endOffset, ReadOnlySpan<byte> state)
    {
        EndBlock();
        bool hasBatches = _blocks.Count > 0;
        if (hasBatches ? _blocks[^1].LastOffset >= endOffset : state.IsEmpty)
        {
            throw new ArgumentException($"a section of {_stream} from {_base} to {endOffset} ends with batches up to {(hasBatches ? _blocks[^1].LastOffset : _base)}, or with nothing");
        }

        byte[] framedState = state.IsEmpty ? [] : SectionState.Encode(state);
        StreamRange section = new(
            _stream,
            epoch,
            _base,
            endOffset,
            _blocks.Select(block => block.MaxTimestampMs).DefaultIfEmpty(-1).Max(),
            Length - _begin,
            IndexPosition: 0,
            IndexBytes: 0,
            StatePosition: framedState.Length > 0 ? Length : 0,
            framedState.Length);
        Length += framedState.Length;
        _sections.Add((section, _blocks));
        _block = default;
        return framedState;
    }

    /// <summary>What follows the last section, in the order in which it is to be written; and the sections, for the metadata.</summary>
    public (IReadOnlyList<byte[]> Tail, IReadOnlyList<StreamRange> Sections) Finish()
    {
        List<byte[]> tail = [];
        StreamRange[] sections = new StreamRange[_sections.Count];
        for (int i = 0; i < sections.Length; i++)
        {
            (StreamRange section, List<IndexEntry> blocks) = _sections[i];
            byte[] index = SectionIndex.Encode(section.Stream, section.Epoch, section.StatePosition, section.StateBytes, blocks);
            sections[i] = section with { IndexPosition = Length, IndexBytes = index.Length };
            tail.Add(index);
            Length += index.Length;
        }

        byte[] directory = ObjectDirectory.Encode(sections);
        ObjectFooter footer = new(
            _kind, sections.Length, Length, directory.Length, Crc32C.Compute(directory), Length + directory.Length + ObjectFormat.FooterBytes);
        tail.Add(directory);
        tail.Add(footer.Encode());
        Length = footer.ObjectBytes;
        return (tail, sections);
    }
}
