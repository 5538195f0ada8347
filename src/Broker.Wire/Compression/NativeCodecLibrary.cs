using System.Runtime.InteropServices;

namespace Broker.Wire.Compression;

/// <summary>A native library that one codec needs and that the machine may not have.</summary>
internal sealed class NativeCodecLibrary(CompressionType codec, string library, string debianPackage)
{
    private readonly Lazy<bool> _isPresent = new(() => NativeLibrary.TryLoad(library, out _));

    /// <exception cref="CodecUnavailableException">The library cannot be loaded.</exception>
    public void Require()
    {
        if (!_isPresent.Value)
        {
            throw new CodecUnavailableException(codec, library, debianPackage);
        }
    }
}
