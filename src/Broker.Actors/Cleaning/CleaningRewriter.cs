using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.Wire.Records;

namespace Broker.Actors.Cleaning;

/// <summary>Cleans the blocks of a log as they are rewritten into new objects. The caller keeps the cleaner.</summary>
internal sealed class CleaningRewriter(BatchCleaner cleaner) : IBlockRewriter
{
    /// <inheritdoc/>
    /// <exception cref="StorageException">A batch cannot be read (<see cref="UnreadableBatch"/>), or the block does not end with one.</exception>
    public IEnumerable<RewrittenBatch> Rewrite(ReadOnlyMemory<byte> block, bool isLast)
    {
        for (int position = 0; position < block.Length;)
        {
            ReadOnlyMemory<byte> batch = block.Slice(position, BlockBatches.BytesOfFirst(block.Span[position..]));
            position += batch.Length;
            CleanedBatch cleaned = cleaner.Clean(batch, keepsOffsets: isLast && position == block.Length);
            if (cleaned.Fate != BatchFate.Dropped)
            {
                RecordBatchView view = new(cleaned.Bytes.Span);
                yield return new RewrittenBatch(new Offset(view.BaseOffset), new Offset(view.LastOffset), cleaned.MaxTimestampMs, cleaned.Bytes);
            }
        }
    }
}
