using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>The newest metadata this node knows. Written by the partition manager, read everywhere; readers keep the image that they took. Thread-safe.</summary>
public sealed class MetadataView(MetadataImage initial)
{
    private volatile MetadataImage _current = initial;

    public MetadataImage Current => _current;

    internal void Publish(MetadataImage image) => _current = image;
}
