namespace Broker.ObjectStore.Buffers;

/// <summary>Bounds of a <see cref="BufferPool"/>.</summary>
public sealed record BufferPoolOptions
{
    /// <summary>
    /// How many bytes of returned buffers the pool keeps for later, at most; what comes back beyond it goes to the
    /// garbage collector. The default, 64 MiB, holds the buffers of a few requests of 1 MiB on each of some dozen
    /// connections; a burst above that is rare enough to be allocated.
    /// </summary>
    public long MaxRetainedBytes { get; init; } = 64L << 20;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRetainedBytes);
    }
}
