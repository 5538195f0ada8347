using Broker.Wire;

namespace Broker.Actors.Requests;

/// <summary>A request for an API or version that this node does not serve. As in Kafka, it ends the connection.</summary>
public sealed class UnsupportedRequestException(string message) : ProtocolException(message);
