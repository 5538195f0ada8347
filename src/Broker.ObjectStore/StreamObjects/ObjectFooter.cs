using System.Buffers.Binary;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>The last 64 bytes of an object: where its directory is.</summary>
internal readonly record struct ObjectFooter(
    ObjectKind Kind, int SectionCount, long DirectoryPosition, int DirectoryBytes, uint DirectoryCrc, long ObjectBytes)
{
    private const int CrcAt = ObjectFormat.FooterBytes - sizeof(uint);

    public byte[] Encode()
    {
        byte[] bytes = new byte[ObjectFormat.FooterBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, ObjectFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), ObjectFormat.Version);
        bytes[10] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), SectionCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), DirectoryPosition);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), DirectoryBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(28), DirectoryCrc);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), ObjectBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(0, CrcAt)));
        return bytes;
    }

    /// <param name="bytes">The last bytes of the object.</param>
    /// <param name="key">For messages.</param>
    /// <exception cref="StorageException">Corrupt, or Invalid for a newer version.</exception>
    public static ObjectFooter Decode(ReadOnlySpan<byte> bytes, ObjectKey key)
    {
        if (bytes.Length != ObjectFormat.FooterBytes || BinaryPrimitives.ReadUInt64BigEndian(bytes) != ObjectFormat.Magic)
        {
            throw ObjectFormat.Corrupt(key, "it does not end as a data object");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[..CrcAt]))
        {
            throw ObjectFormat.Corrupt(key, "the footer has a wrong checksum");
        }

        ObjectFormat.CheckVersion(BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]), key, "the footer");
        return new ObjectFooter(
            (ObjectKind)bytes[10],
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]));
    }
}
