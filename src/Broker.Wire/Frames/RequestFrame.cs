using System.Buffers;
using Broker.Wire.Messages;

namespace Broker.Wire.Frames;

/// <summary>A request as it goes over the wire: size, header, body.</summary>
public static class RequestFrame
{
    /// <summary>Writes a whole request without an intermediate buffer.</summary>
    /// <exception cref="UnsupportedVersionException">The request has no such version.</exception>
    /// <exception cref="UnsupportedFieldException">A field's value cannot be carried by <paramref name="version"/>.</exception>
    public static void Write(IBufferWriter<byte> output, int correlationId, string? clientId, IKafkaRequest request, short version)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestHeader header = new()
        {
            RequestApiKey = (short)request.ApiKey,
            RequestApiVersion = version,
            CorrelationId = correlationId,
            ClientId = clientId,
        };
        short headerVersion = ApiCatalog.RequestHeaderVersion(request.ApiKey, version);
        FrameWriter.Write(output, header, headerVersion, request, version);
    }
}
