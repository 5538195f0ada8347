namespace Broker.ObjectStore.Compaction;

/// <summary>A source cannot be read as what the metadata say it is: it is gone, its bytes are damaged, or written by a newer build.</summary>
/// <param name="source">Which.</param>
/// <param name="cause">What was found.</param>
public sealed class DamagedSourceException(ObjectId source, StorageException cause) : StorageException(cause.Kind, cause.Message, cause)
{
    /// <summary>The object.</summary>
    public ObjectId SourceId { get; } = source;
}
