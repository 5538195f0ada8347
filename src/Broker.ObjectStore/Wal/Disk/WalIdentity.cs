using System.Buffers.Binary;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The file that says which log a folder holds, and whose: docs/formats/disk-wal.md. Made durable before the folder's first segment, never
/// changed.
/// </summary>
internal readonly record struct WalIdentity(NodeId NodeId, WalId WalId)
{
    public const int SizeBytes = 36;

    private const ulong Magic = 0x42524B57414C4944; // "BRKWALID"
    private const ushort Version = 1;
    private const int CoveredBytes = 32;

    /// <summary>Reads the folder's identity; null: it has none.</summary>
    /// <exception cref="StorageException">Corrupt: damaged. Invalid: of a newer version.</exception>
    public static WalIdentity? Find(IWalFileSystem files)
    {
        if (!files.List().Contains(SegmentNames.Identity))
        {
            return null;
        }

        using IWalFile file = files.Open(SegmentNames.Identity);
        byte[] bytes = new byte[SizeBytes];
        int read = file.Read(0, bytes);
        return Decode(bytes.AsSpan(0, read), $"{files.Description}/{SegmentNames.Identity}");
    }

    /// <summary>Reads the folder's identity; a folder without segments that has none gets a new one.</summary>
    /// <exception cref="StorageException">Corrupt: damaged, or gone while there are segments. Invalid: of a newer version.</exception>
    public static WalIdentity LoadOrCreate(IWalFileSystem files, NodeId node, IIdSource ids)
    {
        if (Find(files) is { } found)
        {
            return found;
        }

        IReadOnlyList<string> names = files.List();
        string path = $"{files.Description}/{SegmentNames.Identity}";

        if (names.FirstOrDefault(name => SegmentNames.TryParseLive(name, out _)) is { } segment)
        {
            throw new StorageException(
                StorageErrorKind.Corrupt, $"the WAL has lost '{path}', which says which log '{segment}' belongs to; restore the whole folder");
        }

        if (names.Contains(SegmentNames.UnfinishedIdentity))
        {
            files.Delete(SegmentNames.UnfinishedIdentity);
        }

        return Create(files, new WalIdentity(node, new WalId(ids.Next())));
    }

    public byte[] Encode()
    {
        byte[] bytes = new byte[SizeBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), NodeId.Value);
        WalId.Value.TryWriteBytes(bytes.AsSpan(16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CoveredBytes), Crc32C.Compute(bytes.AsSpan(0, CoveredBytes)));
        return bytes;
    }

    /// <exception cref="StorageException">Corrupt, or Invalid when a newer version wrote it; both name <paramref name="file"/>.</exception>
    public static WalIdentity Decode(ReadOnlySpan<byte> bytes, string file)
    {
        if (bytes.Length != SizeBytes
            || BinaryPrimitives.ReadUInt64BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CoveredBytes..]) != Crc32C.Compute(bytes[..CoveredBytes]))
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"'{file}' is damaged: it does not say which WAL this is; restore the file");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        return version == Version
            ? new WalIdentity(new NodeId(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..])), new WalId(new Guid(bytes.Slice(16, 16), bigEndian: true)))
            : throw new StorageException(
                StorageErrorKind.Invalid, $"'{file}' has version {version}, newer than this build reads ({Version}); start the newer build");
    }

    private static WalIdentity Create(IWalFileSystem files, WalIdentity identity)
    {
        using (IWalFile file = files.Create(SegmentNames.UnfinishedIdentity))
        {
            file.Write(0, [identity.Encode()]);
            file.SyncData();
        }

        files.Rename(SegmentNames.UnfinishedIdentity, SegmentNames.Identity);
        files.SyncFolder();
        return identity;
    }
}
