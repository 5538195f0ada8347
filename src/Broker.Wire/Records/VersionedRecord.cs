using System.Buffers;
using System.Buffers.Binary;
using Broker.Wire.Primitives;

namespace Broker.Wire.Records;

/// <summary>
/// Keys and values of internal topics and control batches, and what classic group members exchange: a version as int16, then
/// the message in that version.
/// </summary>
public static class VersionedRecord
{
    /// <summary>Writes <paramref name="message"/> behind its version.</summary>
    /// <exception cref="ProtocolException">It cannot be written in <paramref name="version"/>.</exception>
    public static byte[] Write(IKafkaMessage message, short version)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArrayBufferWriter<byte> output = new(sizeof(short) + message.GetSize(version));
        WireWriter writer = new(output);
        writer.WriteInt16(version);
        message.Write(ref writer, version);
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The version that <paramref name="bytes"/> begin with; it also tells the kinds of keys in one topic apart.</summary>
    /// <exception cref="MalformedMessageException">There is none.</exception>
    public static short ReadVersion(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.TryReadInt16BigEndian(bytes, out short version)
            ? version
            : throw new MalformedMessageException($"a versioned record needs 2 bytes for its version, and has {bytes.Length}");

    /// <summary>Reads a message behind its version.</summary>
    /// <exception cref="UnsupportedVersionException">The schema lacks that version.</exception>
    /// <exception cref="MalformedMessageException">The bytes are no such message, or more follow.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IReadable<T>
    {
        short version = ReadVersion(bytes.Span);
        WireReader reader = new(bytes[sizeof(short)..]);
        T message = T.Read(ref reader, version);
        return reader.Remaining == 0
            ? message
            : throw new MalformedMessageException($"{reader.Remaining} bytes follow a {typeof(T).Name} of version {version}");
    }
}
