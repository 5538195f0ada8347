using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Requests;

/// <summary>A node as clients are told of it.</summary>
internal readonly record struct LiveBroker(int NodeId, string Host, int Port, string? Rack);

/// <summary>The nodes that clients may be sent to, each by the listener of the same name as the one that the client came in by.</summary>
internal static class LiveBrokers
{
    public static IEnumerable<LiveBroker> On(MetadataImage image, string listenerName) => image.LiveNodes.Values.Select(node => Of(node, listenerName));

    /// <summary>Null: the node is not there.</summary>
    public static LiveBroker? Find(MetadataImage image, NodeId id, string listenerName) => image.LiveNodes.GetValueOrDefault(id) is { } node ? Of(node, listenerName) : null;

    private static LiveBroker Of(LiveNode node, string listenerName)
    {
        IReadOnlyList<NodeEndpoint> endpoints = node.Place.Endpoints;
        NodeEndpoint? endpoint = endpoints.FirstOrDefault(one => one.Listener == listenerName) ?? (endpoints.Count > 0 ? endpoints[0] : null);
        return new LiveBroker(node.NodeId.Value, endpoint?.Host ?? "", endpoint?.Port ?? -1, node.Place.Rack.Length > 0 ? node.Place.Rack : null);
    }
}
