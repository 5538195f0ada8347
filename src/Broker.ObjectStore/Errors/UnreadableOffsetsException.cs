namespace Broker.ObjectStore;

/// <summary>Records of a stream that are damaged or lost, and up to where: what lies behind them can be read.</summary>
/// <param name="kind">Corrupt or NotFound.</param>
/// <param name="message">Which offsets, and why.</param>
/// <param name="end">The offset after the last of them.</param>
/// <param name="inner">What found it.</param>
public sealed class UnreadableOffsetsException(StorageErrorKind kind, string message, Offset end, Exception? inner = null) : StorageException(kind, message, inner)
{
    /// <summary>The offset after the last that cannot be read.</summary>
    public Offset End { get; } = end;
}
