using System.Buffers;
using Broker.Wire.Primitives;

namespace Broker.Wire.Frames;

/// <summary>Writes a frame: a size as int32, then a header and a body.</summary>
public static class FrameWriter
{
    /// <summary>Writes the frame; sizes are computed first, so that nothing is written when the body cannot be.</summary>
    /// <exception cref="ProtocolException">Header or body cannot be written in the versions given.</exception>
    public static void Write(
        IBufferWriter<byte> output,
        IKafkaMessage header,
        short headerVersion,
        IKafkaMessage body,
        short bodyVersion)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(body);
        int size = checked(header.GetSize(headerVersion) + body.GetSize(bodyVersion));
        WireWriter writer = new(output);
        writer.WriteInt32(size);
        header.Write(ref writer, headerVersion);
        body.Write(ref writer, bodyVersion);
        if (writer.Written != FrameReader.SizeBytes + (long)size)
        {
            throw new InvalidOperationException(
                $"{body.GetType().Name} version {bodyVersion} announced {size} bytes and wrote {writer.Written - FrameReader.SizeBytes}");
        }

        writer.Commit();
    }
}
