namespace Broker.ObjectStore;

/// <summary>The one exception of this layer: what kind, and in the message what, where and, if it helps, what to do.</summary>
public class StorageException(StorageErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What callers decide by.</summary>
    public StorageErrorKind Kind { get; } = kind;
}
