using System.Collections.Frozen;
using Broker.Actors.Connections;
using Broker.Wire;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Actors.Requests;

/// <summary>A decoded request before it has a connection's context.</summary>
/// <param name="ApiVersion">The version in which the answer is encoded.</param>
/// <param name="IsVersionKnown">False for an ApiVersions request in a version that is not served.</param>
internal sealed record RequestEnvelope(ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId, IKafkaRequest Request, bool IsVersionKnown = true);

/// <summary>The APIs that this node serves, each with its handler. What is not here is neither advertised nor answered.</summary>
public sealed class HandlerTable
{
    private readonly FrozenDictionary<ApiKey, IRequestHandler> _handlers;

    public HandlerTable(IEnumerable<IRequestHandler> handlers) => _handlers = handlers.ToFrozenDictionary(h => h.ApiKey);

    /// <summary>The APIs served, in order of key.</summary>
    public IEnumerable<IRequestHandler> Handlers => _handlers.Values.OrderBy(h => h.ApiKey);

    internal void Handle(RequestExchange exchange) => _handlers[exchange.ApiKey].Handle(exchange);

    /// <summary>Reads header and body.</summary>
    /// <exception cref="ProtocolException">The API or version is not served, or the bytes are not such a request.</exception>
    internal RequestEnvelope Decode(ref WireReader reader)
    {
        WireReader ahead = reader;
        ApiKey apiKey = (ApiKey)ahead.ReadInt16();
        short version = ahead.ReadInt16();
        if (!_handlers.TryGetValue(apiKey, out IRequestHandler? handler))
        {
            throw new UnsupportedRequestException($"API key {(short)apiKey} is not served");
        }

        if (!handler.Versions.Contains(version))
        {
            // KIP-511: a client that asks in a version we do not know learns, in the oldest form, the versions that we do.
            return apiKey == ApiKey.ApiVersions
                ? new RequestEnvelope(apiKey, 0, ahead.ReadInt32(), null, new ApiVersionsRequest(), IsVersionKnown: false)
                : throw new UnsupportedRequestException($"{apiKey} version {version} is not served; {handler.Versions.Lowest} to {handler.Versions.Highest} are");
        }

        RequestHeader header = RequestHeaderReader.Read(ref reader);
        IKafkaRequest request = RequestDecoder.Decode(apiKey, version, ref reader);
        return new RequestEnvelope(apiKey, version, header.CorrelationId, header.ClientId, request);
    }
}
