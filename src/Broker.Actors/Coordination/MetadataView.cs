using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>The newest metadata this node knows. Written by the partition manager, read everywhere; readers keep the image that they took. Thread-safe.</summary>
public sealed class MetadataView(MetadataImage initial)
{
    private volatile MetadataImage _current = initial;
    private volatile StorageException? _loss;

    public MetadataImage Current => _current;

    /// <summary>What of the metadata is lost, as the coordinator says: nothing can be acknowledged until somebody restores it. Null: nothing.</summary>
    public StorageException? Loss => _loss;

    internal void Publish(MetadataImage image) => _current = image;

    internal void Publish(MetadataLoss loss) => _loss = loss.Reason is null ? null : new StorageException(StorageErrorKind.Corrupt, loss.Reason);
}
