using System.Buffers;
using System.Buffers.Binary;

namespace Broker.ObjectStore.Local;

/// <summary>
/// The 64 bytes before an object's body in its file: size, checksum, etag and write id, so that body and metadata become
/// visible together. Layout: docs/formats/local-object-store.md.
/// </summary>
internal readonly record struct LocalObjectHeader(long BodyBytes, uint BodyCrc, Guid WriteId, Guid ContentId)
{
    internal const int Size = 64;
    private const uint Magic = 0x424F4B42; // "BKOB"
    private const ushort Version = 1;
    private const int CrcPosition = Size - sizeof(uint);

    /// <summary>Names this content: the body's checksum and the id of the write that brought it.</summary>
    internal string ETag => $"{BodyCrc:x8}-{ContentId:n}";

    internal static LocalObjectHeader Of(in ReadOnlySequence<byte> body, Guid writeId, Guid contentId)
        => new(body.Length, Crc32C.Append(0, body), writeId, contentId);

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), BodyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), BodyCrc);
        WriteId.TryWriteBytes(bytes.AsSpan(24), bigEndian: true, out _);
        ContentId.TryWriteBytes(bytes.AsSpan(40), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CrcPosition), Crc32C.Compute(bytes.AsSpan(0, CrcPosition)));
        return bytes;
    }

    /// <exception cref="StorageException">Corrupt; or Invalid: written by a newer version.</exception>
    internal static LocalObjectHeader Parse(ReadOnlySpan<byte> bytes, long fileBytes, string path)
    {
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"'{path}' is not an object file: no header");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version > Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"'{path}' has object file version {version}; this build reads up to {Version}");
        }

        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcPosition..]);
        LocalObjectHeader header = new(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            new Guid(bytes.Slice(24, 16), bigEndian: true),
            new Guid(bytes.Slice(40, 16), bigEndian: true));
        if (crc != Crc32C.Compute(bytes[..CrcPosition]))
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"'{path}': the header's checksum does not match");
        }

        if (header.BodyBytes != fileBytes - Size)
        {
            throw new StorageException(
                StorageErrorKind.Corrupt, $"'{path}' has {fileBytes - Size} body bytes; its header says {header.BodyBytes}");
        }

        return header;
    }
}
