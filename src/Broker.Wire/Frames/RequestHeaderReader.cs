using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Wire.Frames;

/// <summary>Reads request headers, whose version follows from the API and version that they name.</summary>
public static class RequestHeaderReader
{
    /// <summary>
    /// Reads the header at the start of a frame's body. The request's version need not be a known one: the reader of
    /// an unknown version of ApiVersions still has to answer.
    /// </summary>
    /// <exception cref="UnsupportedVersionException">The schema has no such API; nothing after the key can be understood.</exception>
    /// <exception cref="MalformedMessageException">The bytes are no header.</exception>
    public static RequestHeader Read(ref WireReader reader)
    {
        WireReader ahead = reader;
        ApiKey apiKey = (ApiKey)ahead.ReadInt16();
        short apiVersion = ahead.ReadInt16();
        short headerVersion = ApiCatalog.RequestHeaderVersion(apiKey, apiVersion);
        if (headerVersion > 0)
        {
            return RequestHeader.Read(ref reader, headerVersion);
        }

        return new RequestHeader
        {
            RequestApiKey = reader.ReadInt16(),
            RequestApiVersion = reader.ReadInt16(),
            CorrelationId = reader.ReadInt32(),
            ClientId = null,
        };
    }
}
