using System.Buffers.Binary;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Cluster;

/// <summary>Who holds a lease, and until when. Layout: docs/formats/cluster-registry.md.</summary>
/// <param name="Owner">Its holder's name.</param>
/// <param name="WriteId">Of the PUT that made it so.</param>
/// <param name="ExpiresMs">By the holder's clock, in milliseconds since 1970; 0: it was given back.</param>
internal sealed record LeaseEntry(string Owner, Guid WriteId, long ExpiresMs)
{
    private const uint Magic = 0x534C4342; // "BCLS"
    private const ushort Version = 1;
    private const int HeaderBytes = 8;

    public byte[] Encode()
    {
        FormatWriter writer = new();
        writer.UInt32(Magic);
        writer.UInt16(Version);
        writer.UInt16(0);
        writer.Guid(WriteId);
        writer.Int64(ExpiresMs);
        writer.String(Owner);
        writer.UInt32(Crc32C.Compute(writer.Written));
        return writer.ToArray();
    }

    /// <exception cref="StorageException">Corrupt; or Invalid: of a newer version.</exception>
    public static LeaseEntry Decode(ObjectKey key, ReadOnlyMemory<byte> bytes)
    {
        FormatReader header = new(bytes, $"'{key}'");
        if (header.UInt32() != Magic)
        {
            throw header.Corrupt("it does not begin as a lease");
        }

        ushort version = header.UInt16();
        if (version > Version)
        {
            throw header.Newer("the lease", version, Version);
        }

        int end = bytes.Length - sizeof(uint);
        if (end < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[end..]) != Crc32C.Compute(bytes.Span[..end]))
        {
            throw header.Corrupt("its checksum does not match");
        }

        FormatReader reader = new(bytes[HeaderBytes..end], $"'{key}'");
        Guid writeId = reader.Guid();
        long expiresMs = reader.Int64();
        LeaseEntry entry = new(reader.String(), writeId, expiresMs);
        reader.End();
        return entry;
    }
}
