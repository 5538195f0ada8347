namespace Broker.Wire;

/// <summary>Compressed data yields more bytes than the reader allows.</summary>
public sealed class DecompressionLimitException(int maxBytes)
    : ProtocolException($"the data decompresses to more than the {maxBytes} bytes that are allowed")
{
    public int MaxBytes { get; } = maxBytes;
}
