namespace Broker.ObjectStore.Compaction;

/// <summary>Batches that stay of a block.</summary>
/// <param name="BaseOffset">Of the first record that it may hold.</param>
/// <param name="LastOffset">Of the last, inclusive.</param>
/// <param name="MaxTimestampMs">The greatest timestamp of its records, milliseconds since 1970, or -1.</param>
/// <param name="Bytes">Valid until the next is asked for.</param>
public readonly record struct RewrittenBatch(Offset BaseOffset, Offset LastOffset, long MaxTimestampMs, ReadOnlyMemory<byte> Bytes);

/// <summary>Decides what stays of a compacted topic's records: the storage knows nothing of keys.</summary>
public interface IBlockRewriter
{
    /// <summary>The batches that stay of a block, in order, with their offsets as they were.</summary>
    /// <param name="block">Whole batches, one behind the other.</param>
    /// <param name="isLast">
    /// Whether the block is the last of what becomes one range. Its last batch must stay, be it without records: a reader that comes to the end of the range needs
    /// something to get past it by.
    /// </param>
    IEnumerable<RewrittenBatch> Rewrite(ReadOnlyMemory<byte> block, bool isLast);
}
