using System.Buffers;
using Broker.Wire.Primitives;

namespace Broker.Wire.Property;

/// <summary>Messages to bytes and back.</summary>
internal static class Wire
{
    public static byte[] Write(IKafkaMessage message, short version)
    {
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        message.Write(ref writer, version);
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads, and returns what was left over too.</summary>
    public static (IKafkaMessage Message, long Left) Read(CatalogEntry entry, ReadOnlyMemory<byte> bytes, short version)
    {
        WireReader reader = new(bytes);
        IKafkaMessage message = entry.Read(ref reader, version);
        return (message, reader.Remaining);
    }
}
