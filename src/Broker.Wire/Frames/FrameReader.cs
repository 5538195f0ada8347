using System.Buffers;

namespace Broker.Wire.Frames;

/// <summary>Finds frames in a stream of bytes: a size as int32, then as many bytes.</summary>
public static class FrameReader
{
    /// <summary>Bytes of the size that precedes a frame's body.</summary>
    public const int SizeBytes = sizeof(int);

    /// <summary>
    /// Reads the size of the frame that <paramref name="buffer"/> begins with, without consuming it, so that memory
    /// can be reserved before the body is there. False while the size is not complete.
    /// </summary>
    /// <exception cref="MalformedMessageException">The size is negative.</exception>
    /// <exception cref="FrameTooLargeException">The size is larger than <paramref name="maxFrameBytes"/>.</exception>
    public static bool TryReadSize(in ReadOnlySequence<byte> buffer, int maxFrameBytes, out int bodyBytes)
    {
        SequenceReader<byte> reader = new(buffer);
        if (!reader.TryReadBigEndian(out bodyBytes))
        {
            return false;
        }

        if (bodyBytes < 0)
        {
            throw new MalformedMessageException($"the frame announces {bodyBytes} bytes");
        }

        return bodyBytes <= maxFrameBytes ? true : throw new FrameTooLargeException(bodyBytes, maxFrameBytes);
    }

    /// <summary>
    /// Takes one frame off <paramref name="buffer"/> when it is complete. <paramref name="body"/> is a slice of it,
    /// without the size.
    /// </summary>
    /// <inheritdoc cref="TryReadSize" path="/exception"/>
    public static bool TryReadFrame(ref ReadOnlySequence<byte> buffer, int maxFrameBytes, out ReadOnlySequence<byte> body)
    {
        body = default;
        if (!TryReadSize(buffer, maxFrameBytes, out int bodyBytes) || buffer.Length - SizeBytes < bodyBytes)
        {
            return false;
        }

        body = buffer.Slice(SizeBytes, bodyBytes);
        buffer = buffer.Slice(body.End);
        return true;
    }
}
