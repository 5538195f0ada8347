namespace Broker.Wire;

/// <summary>A frame announces more bytes than this side accepts.</summary>
public sealed class FrameTooLargeException(int frameBytes, int maxFrameBytes)
    : ProtocolException($"the frame has {frameBytes} bytes, and at most {maxFrameBytes} are accepted")
{
    public int FrameBytes { get; } = frameBytes;

    public int MaxFrameBytes { get; } = maxFrameBytes;
}
