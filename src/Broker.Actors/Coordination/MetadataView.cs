using Broker.Actors.Configuration;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>The newest metadata this node knows. Written by the partition manager, read everywhere; readers keep the image that they took. Thread-safe.</summary>
public sealed class MetadataView(MetadataImage initial)
{
    private volatile MetadataImage _current = initial;

    public MetadataImage Current => _current;

    internal void Publish(MetadataImage image) => _current = image;
}

/// <summary>The addresses that a node's clients are shown.</summary>
public static class Endpoints
{
    /// <summary>The advertised address of the listener that a client came in by.</summary>
    public static Listener For(BrokerOptions options, string listenerName) =>
        options.AdvertisedListeners.FirstOrDefault(listener => listener.Name == listenerName) ?? options.AdvertisedListeners[0];
}
