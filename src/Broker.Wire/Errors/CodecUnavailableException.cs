using Broker.Wire.Compression;

namespace Broker.Wire;

/// <summary>The native library of a codec is not on this machine. The other codecs are not affected.</summary>
public sealed class CodecUnavailableException(CompressionType codec, string library, string debianPackage)
    : ProtocolException($"{codec} needs {library}, which cannot be loaded; on Debian install the package '{debianPackage}'")
{
    public CompressionType Codec { get; } = codec;

    public string DebianPackage { get; } = debianPackage;
}
