using System.Buffers.Binary;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Cluster;

/// <summary>A start of a node, and where others reach it. Layout: docs/formats/cluster-registry.md.</summary>
/// <param name="Node">Which.</param>
/// <param name="Incarnation">Of this start alone.</param>
/// <param name="Address">As other nodes reach it: <c>HOST:PORT</c>.</param>
/// <param name="WrittenMs">When, by the node's clock, in milliseconds since 1970; for people.</param>
public sealed record NodeEntry(NodeId Node, Guid Incarnation, string Address, long WrittenMs)
{
    private const uint Magic = 0x524E4342; // "BCNR"
    private const ushort Version = 1;
    private const int HeaderBytes = 8;

    internal byte[] Encode()
    {
        FormatWriter writer = new();
        writer.UInt32(Magic);
        writer.UInt16(Version);
        writer.UInt16(0);
        writer.Int32(Node.Value);
        writer.Guid(Incarnation);
        writer.Int64(WrittenMs);
        writer.String(Address);
        writer.UInt32(Crc32C.Compute(writer.Written));
        return writer.ToArray();
    }

    /// <exception cref="StorageException">Corrupt; or Invalid: of a newer version.</exception>
    internal static NodeEntry Decode(ObjectKey key, ReadOnlyMemory<byte> bytes)
    {
        string what = $"'{key}'";
        FormatReader header = new(bytes, what);
        if (header.UInt32() != Magic)
        {
            throw header.Corrupt("it does not begin as a node's registration");
        }

        ushort version = header.UInt16();
        if (version > Version)
        {
            throw header.Newer("the registration", version, Version);
        }

        int end = bytes.Length - sizeof(uint);
        if (end < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[end..]) != Crc32C.Compute(bytes.Span[..end]))
        {
            throw header.Corrupt("its checksum does not match");
        }

        FormatReader reader = new(bytes[HeaderBytes..end], what);
        NodeId node = new(reader.Int32());
        Guid incarnation = reader.Guid();
        long writtenMs = reader.Int64();
        NodeEntry entry = new(node, incarnation, reader.String(), writtenMs);
        reader.End();
        return entry;
    }
}
