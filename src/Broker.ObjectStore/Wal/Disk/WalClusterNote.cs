using System.Buffers.Binary;
using System.Text;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The file in a disk WAL's folder that says which cluster the log belongs to: docs/formats/disk-wal.md. A log means nothing to any other cluster: its
/// streams and offsets are those of this one. Made durable before the cluster's metadata know the log, never changed.
/// </summary>
/// <param name="ClusterId">1 to <see cref="MaxIdBytes"/> bytes of UTF-8.</param>
public readonly record struct WalClusterNote(string ClusterId)
{
    /// <summary>More than any cluster id has (ours have 22 bytes), and little enough to read as a whole.</summary>
    public const int MaxIdBytes = 1024;

    private const ulong Magic = 0x42524B57414C434C; // "BRKWALCL"
    private const ushort Version = 1;
    private const int HeaderBytes = 12;
    private const int CrcBytes = 4;

    /// <summary>What the folder says; null: nothing. The folder's lock is held, and nothing is written in it meanwhile.</summary>
    /// <exception cref="StorageException">Corrupt: the file is damaged. Invalid: of a newer version.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static WalClusterNote? Find(IWalFileSystem files)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!files.List().Contains(SegmentNames.Cluster))
        {
            return null;
        }

        using IWalFile file = files.Open(SegmentNames.Cluster);
        byte[] bytes = new byte[HeaderBytes + MaxIdBytes + CrcBytes + 1];
        int read = file.Read(0, bytes);
        return Decode(bytes.AsSpan(0, read), $"{files.Description}/{SegmentNames.Cluster}");
    }

    /// <summary>Whether there may be records in the folder: a segment is there.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static bool IsBesideRecords(IWalFileSystem files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return files.List().Any(name => SegmentNames.TryParseLive(name, out _));
    }

    /// <summary>Makes the folder say it, durably, where it says nothing yet.</summary>
    /// <exception cref="IOException">The folder says what it said before.</exception>
    public void Write(IWalFileSystem files)
    {
        ArgumentNullException.ThrowIfNull(files);
        using (IWalFile file = files.Create(SegmentNames.UnfinishedCluster))
        {
            file.Write(0, [Encode()]);
            file.SyncData();
        }

        files.Rename(SegmentNames.UnfinishedCluster, SegmentNames.Cluster);
        files.SyncFolder();
    }

    internal byte[] Encode()
    {
        int idBytes = Encoding.UTF8.GetByteCount(ClusterId);
        ArgumentOutOfRangeException.ThrowIfZero(idBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(idBytes, MaxIdBytes);
        byte[] bytes = new byte[HeaderBytes + idBytes + CrcBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)idBytes);
        Encoding.UTF8.GetBytes(ClusterId, bytes.AsSpan(HeaderBytes));
        int covered = bytes.Length - CrcBytes;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(covered), Crc32C.Compute(bytes.AsSpan(0, covered)));
        return bytes;
    }

    /// <exception cref="StorageException">Corrupt, or Invalid when a newer version wrote it; both name <paramref name="file"/>.</exception>
    internal static WalClusterNote Decode(ReadOnlySpan<byte> bytes, string file)
    {
        int covered = bytes.Length - CrcBytes;
        if (covered <= HeaderBytes
            || BinaryPrimitives.ReadUInt64BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[covered..]) != Crc32C.Compute(bytes[..covered]))
        {
            throw Corrupt(file);
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        if (version != Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"'{file}' has version {version}, newer than this build reads ({Version}); start the newer build");
        }

        int idBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        return idBytes == covered - HeaderBytes ? new WalClusterNote(Encoding.UTF8.GetString(bytes[HeaderBytes..covered])) : throw Corrupt(file);
    }

    private static StorageException Corrupt(string file) => new(
        StorageErrorKind.Corrupt, $"'{file}' is damaged: it does not say which cluster this WAL belongs to; restore the file");
}
