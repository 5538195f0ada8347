namespace Broker.ObjectStore.Wal;

/// <summary>
/// The folder of one disk WAL: the few file operations it needs, as a seam where tests inject torn writes, failed syncs,
/// full disks and crashes. Names are plain file names. Used by one thread at a time. Errors are <see cref="IOException"/>s;
/// a full disk or quota is a <see cref="WalDiskFullException"/>.
/// </summary>
public interface IWalFileSystem
{
    /// <summary>The folder, for messages.</summary>
    string Description { get; }

    /// <summary>Takes the exclusive lock of the folder; dropped on dispose, and by the system when the process dies.</summary>
    /// <exception cref="WalFolderInUseException">Somebody else holds it.</exception>
    IWalFolderLock Lock(string name);

    /// <summary>Bytes that the disk would still give to this process.</summary>
    long AvailableBytes();

    /// <summary>The names of the files in the folder, in no order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Creates a new, empty file for reading and writing.</summary>
    IWalFile Create(string name);

    /// <summary>Opens an existing file for reading and writing.</summary>
    IWalFile Open(string name);

    /// <summary>Renames a file, replacing none. Durable after <see cref="SyncFolder"/>.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file. Durable after <see cref="SyncFolder"/>.</summary>
    void Delete(string name);

    /// <summary>Makes the creations, renames and deletions of before durable.</summary>
    void SyncFolder();
}

/// <summary>The lock of a folder; disposing gives it free.</summary>
public interface IWalFolderLock : IDisposable
{
    /// <summary>Whether it still is the lock of the folder of that name: not when another disk was mounted there since, or the lock file was deleted.</summary>
    /// <exception cref="IOException">That cannot be told.</exception>
    bool IsInPlace { get; }
}

/// <summary>An open file of a disk WAL. Stays valid when the file is renamed. Used by one thread at a time.</summary>
public interface IWalFile : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long LengthBytes { get; }

    /// <summary>Reads at <paramref name="position"/>; fewer bytes than asked for only at the end of the file.</summary>
    int Read(long position, Span<byte> destination);

    /// <summary>Writes all of <paramref name="parts"/> one behind the other, from <paramref name="position"/> on.</summary>
    void Write(long position, IReadOnlyList<ReadOnlyMemory<byte>> parts);

    /// <summary>
    /// Makes the file's written bytes durable. After a failure nobody knows which bytes are, and a further call may report
    /// success without having written them: the caller must not go on with this file.
    /// </summary>
    void SyncData();
}
