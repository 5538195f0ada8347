using System.Buffers;
using Broker.Wire.Messages;

namespace Broker.Wire.Frames;

/// <summary>A response as it goes over the wire: size, header, body.</summary>
public static class ResponseFrame
{
    /// <summary>The size of the whole frame in bytes, its size prefix included.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public static int GetSize(ResponseHeader header, IKafkaResponse response, short version)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(response);
        short headerVersion = ApiCatalog.ResponseHeaderVersion(response.ApiKey, version);
        return checked(FrameReader.SizeBytes + header.GetSize(headerVersion) + response.GetSize(version));
    }

    /// <summary>Writes a whole response without an intermediate buffer.</summary>
    /// <exception cref="UnsupportedVersionException">The response has no such version.</exception>
    /// <exception cref="UnsupportedFieldException">A field's value cannot be carried by <paramref name="version"/>.</exception>
    public static void Write(IBufferWriter<byte> output, int correlationId, IKafkaResponse response, short version)
    {
        ArgumentNullException.ThrowIfNull(response);
        ResponseHeader header = new() { CorrelationId = correlationId };
        short headerVersion = ApiCatalog.ResponseHeaderVersion(response.ApiKey, version);
        FrameWriter.Write(output, header, headerVersion, response, version);
    }
}
