namespace Broker.Wire.Compression;

/// <summary>The codecs by their number in a batch's attributes.</summary>
public static class CompressionCodecs
{
    private static readonly ICompressionCodec[] ByType =
        [new NoCompression(), new GzipCodec(), new SnappyCodec(), new Lz4Codec(), new ZstdCodec()];

    /// <summary>Whether <paramref name="type"/> is a codec that Kafka defines.</summary>
    public static bool IsKnown(CompressionType type) => (uint)type < (uint)ByType.Length;

    /// <exception cref="MalformedMessageException">Kafka defines no such codec.</exception>
    public static ICompressionCodec Get(CompressionType type) =>
        IsKnown(type) ? ByType[(int)type] : throw new MalformedMessageException($"there is no compression codec {(int)type}; 0 to 4 are defined");
}
