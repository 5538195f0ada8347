using System.Buffers.Binary;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>
/// Lays an object out: header; per section its blocks and its state; the sections' indexes; directory; footer. Blocks before indexes, so that
/// an object can be sent while it is written. One use, by one owner.
/// </summary>
internal sealed class ObjectEncoder
{
    private readonly ObjectKind _kind;
    private readonly int _blockBytes;
    private readonly ObjectBody _body = new();
    private readonly List<(StreamRange Section, List<IndexEntry> Blocks)> _sections = [];

    public ObjectEncoder(ObjectKind kind, StreamObjectWriterOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BlockBytes);
        _kind = kind;
        _blockBytes = options.BlockBytes;
        byte[] header = new byte[ObjectFormat.HeaderBytes];
        BinaryPrimitives.WriteUInt64BigEndian(header, ObjectFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), ObjectFormat.Version);
        header[10] = (byte)kind;
        _body.Add(header);
    }

    /// <summary>
    /// Adds a stream's gapless batches: one section for each leader epoch among them. The state, which is of the end of the batches, goes with the last.
    /// </summary>
    public void AddStream(StreamId stream, IReadOnlyList<CachedBatch> batches, ReadOnlyMemory<byte> state)
    {
        for (int from = 0; from < batches.Count;)
        {
            int to = from + 1;
            while (to < batches.Count && batches[to].Epoch == batches[from].Epoch)
            {
                to++;
            }

            AddSection(stream, batches, from, to, to == batches.Count ? state : ReadOnlyMemory<byte>.Empty);
            from = to;
        }
    }

    public EncodedObject Finish()
    {
        StreamRange[] sections = new StreamRange[_sections.Count];
        for (int i = 0; i < sections.Length; i++)
        {
            (StreamRange section, List<IndexEntry> blocks) = _sections[i];
            byte[] index = SectionIndex.Encode(section.Stream, section.Epoch, section.StatePosition, section.StateBytes, blocks);
            sections[i] = section with { IndexPosition = _body.Length, IndexBytes = index.Length };
            _body.Add(index);
        }

        byte[] directory = ObjectDirectory.Encode(sections);
        ObjectFooter footer = new(
            _kind,
            sections.Length,
            _body.Length,
            directory.Length,
            Crc32C.Compute(directory),
            _body.Length + directory.Length + ObjectFormat.FooterBytes);
        _body.Add(directory);
        _body.Add(footer.Encode());
        return new EncodedObject(_body.ToSequence(), sections);
    }

    private void AddSection(StreamId stream, IReadOnlyList<CachedBatch> batches, int from, int to, ReadOnlyMemory<byte> state)
    {
        long begin = _body.Length;
        List<IndexEntry> blocks = AddBlocks(batches, from, to);
        long sizeBytes = _body.Length - begin;
        byte[] framedState = state.IsEmpty ? [] : SectionState.Encode(state.Span);
        StreamRange section = new(
            stream,
            batches[from].Epoch,
            batches[from].BaseOffset,
            batches[to - 1].LastOffset + 1,
            blocks.Max(block => block.MaxTimestampMs),
            sizeBytes,
            IndexPosition: 0,
            IndexBytes: 0,
            StatePosition: framedState.Length > 0 ? _body.Length : 0,
            framedState.Length);
        _body.Add(framedState);
        _sections.Add((section, blocks));
    }

    private List<IndexEntry> AddBlocks(IReadOnlyList<CachedBatch> batches, int from, int to)
    {
        List<IndexEntry> blocks = [];
        IndexEntry block = default;
        for (int i = from; i < to; i++)
        {
            CachedBatch batch = batches[i];
            if (batch.Payload.IsEmpty || (i > from && batch.BaseOffset <= batches[i - 1].LastOffset))
            {
                throw new ArgumentException($"batch {batch.BaseOffset}..{batch.LastOffset} is empty or does not follow the one before it");
            }

            if (block.SizeBytes > 0 && (long)block.SizeBytes + batch.Payload.Length > _blockBytes)
            {
                blocks.Add(block);
                block = default;
            }

            block = new IndexEntry(
                block.SizeBytes == 0 ? _body.Length : block.Position,
                block.SizeBytes + batch.Payload.Length,
                Crc32C.Append(block.Crc, batch.Payload.Span, batch.PayloadCrc),
                block.SizeBytes == 0 ? batch.BaseOffset : block.BaseOffset,
                batch.LastOffset,
                block.SizeBytes == 0 ? batch.MaxTimestampMs : Math.Max(block.MaxTimestampMs, batch.MaxTimestampMs));
            _body.Add(batch.Payload);
        }

        blocks.Add(block);
        return blocks;
    }
}
