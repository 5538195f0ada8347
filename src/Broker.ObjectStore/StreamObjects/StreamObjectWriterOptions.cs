namespace Broker.ObjectStore.StreamObjects;

/// <summary>How objects are cut into blocks.</summary>
public sealed record StreamObjectWriterOptions
{
    /// <summary>
    /// <c>object.block.bytes</c>: a block is closed when the next batch would take it beyond; a larger batch is a block of its own. A block is the
    /// unit of checksum, cache and ranged read. The default, 512 KiB, takes S3 about as long to send as to answer at all (some 10 ms), and keeps
    /// what one random read brings along small.
    /// </summary>
    public int BlockBytes { get; init; } = 512 << 10;
}
