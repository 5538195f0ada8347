using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>What the side that accepts a connection says to it.</summary>
internal enum HandshakeResult : byte
{
    Accepted = 0,
    OtherVersion = 1,
    OtherAddress = 2,
    Quarantined = 3,
}

/// <summary>Who opens a connection, and to whom.</summary>
internal sealed record Hello(Address From, int Uid, Address To);

/// <summary>Who answers; of another version only the version is known.</summary>
internal sealed record HelloReply(HandshakeResult Result, ushort Version, Address? From, int Uid);

/// <summary>
/// The first bytes in each direction (docs/formats/remoting.md): magic, version and length never change, so that any
/// two versions can tell each other why they do not talk.
/// </summary>
internal static class Handshake
{
    /// <summary>Raised with any change of what comes after the header, here or in frames.</summary>
    public const ushort Version = 1;

    public const int HeaderBytes = 10;

    /// <summary>Two addresses with host names of 255 characters and system names of the same order.</summary>
    public const int MaxBodyBytes = 4096;

    private static ReadOnlySpan<byte> Magic => "akkb"u8;

    public static void Write(ByteWriter writer, Hello hello)
    {
        int length = WriteHeader(writer);
        WriteAddress(writer, hello.From);
        writer.WriteInt32(hello.Uid);
        WriteAddress(writer, hello.To);
        writer.FillLength(length);
    }

    public static void Write(ByteWriter writer, HandshakeResult result, Address from, int uid)
    {
        int length = WriteHeader(writer);
        writer.WriteByte((byte)result);
        WriteAddress(writer, from);
        writer.WriteInt32(uid);
        writer.FillLength(length);
    }

    /// <summary>The version and the length of the body that follows.</summary>
    /// <exception cref="SerializationException">This is another protocol.</exception>
    public static (ushort Version, int BodyBytes) ReadHeader(ReadOnlySpan<byte> header)
    {
        if (!header.StartsWith(Magic))
        {
            throw new SerializationException("The other side speaks another protocol.");
        }

        ByteReader reader = new(header[Magic.Length..]);
        ushort version = reader.ReadUInt16();
        int bodyBytes = reader.ReadInt32();
        return bodyBytes is >= 0 and <= MaxBodyBytes
            ? (version, bodyBytes)
            : throw new SerializationException($"A handshake of {bodyBytes} bytes.");
    }

    /// <exception cref="SerializationException">The bytes are no such message.</exception>
    public static Hello ReadHello(ReadOnlySpan<byte> body)
    {
        ByteReader reader = new(body);
        Hello hello = new(ReadAddress(ref reader), reader.ReadInt32(), ReadAddress(ref reader));
        reader.ExpectEnd();
        return hello;
    }

    /// <exception cref="SerializationException">The bytes are no such message.</exception>
    public static HelloReply ReadReply(ushort version, ReadOnlySpan<byte> body)
    {
        if (version != Version)
        {
            return new HelloReply(HandshakeResult.OtherVersion, version, null, 0);
        }

        ByteReader reader = new(body);
        HandshakeResult result = (HandshakeResult)reader.ReadByte();
        HelloReply reply = new(result, version, ReadAddress(ref reader), reader.ReadInt32());
        reader.ExpectEnd();
        return result <= HandshakeResult.Quarantined ? reply : throw new SerializationException($"The unknown answer {(byte)result}.");
    }

    private static int WriteHeader(ByteWriter writer)
    {
        writer.WriteRaw(Magic);
        writer.WriteUInt16(Version);
        return writer.ReserveLength();
    }

    private static void WriteAddress(ByteWriter writer, Address address)
    {
        writer.WriteString(address.System);
        writer.WriteString(address.Host!);
        writer.WriteInt32(address.Port!.Value);
    }

    private static Address ReadAddress(ref ByteReader reader) =>
        new(TcpRemoting.Protocol, reader.ReadString(), reader.ReadString(), reader.ReadInt32());
}
