using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Wal;

/// <summary>The system calls that .NET does not offer. Each throws an <see cref="IOException"/> with the path and the system's text.</summary>
internal static partial class LinuxFiles
{
    private const int Interrupted = 4;      // EINTR
    private const int NoSpace = 28;         // ENOSPC
    private const int QuotaExceeded = 122;  // EDQUOT

    // O_DIRECTORY differs between processors and is not needed; these have one value on all that .NET runs on.
    private const int OpenFolderFlags = 0x80000;           // O_RDONLY | O_CLOEXEC
    private const int OpenLockFlags = 0x80000 | 0x40 | 2;  // O_CLOEXEC | O_CREAT | O_RDWR
    private const int CurrentFolder = -100;                // AT_FDCWD
    private const uint Inode = 0x100;                      // STATX_INO
    private const int OwnerReadWriteOthersRead = 0x1A4;    // 0644

    /// <summary>fdatasync(2): the data and what is needed to read it back; not the times, which would cost a journal commit.</summary>
    public static void SyncData(SafeFileHandle file, string path)
    {
        // EINTR comes before the flush began, so asking again is no retry of a failed one.
        while (FDataSync(file) != 0)
        {
            ThrowUnlessInterrupted("fdatasync", path);
        }
    }

    /// <summary>fsync(2) of a folder: its entries.</summary>
    public static void SyncFolder(string path)
    {
        using SafeFileHandle folder = OpenRetrying(path, OpenFolderFlags);
        while (FSync(folder) != 0)
        {
            ThrowUnlessInterrupted("fsync", path);
        }
    }

    /// <summary>
    /// open(2) of a lock file, created when absent. Not by .NET, whose own advisory lock on opening would meet ours.
    /// </summary>
    public static SafeFileHandle OpenLockFile(string path) => OpenRetrying(path, OpenLockFlags);

    /// <summary>flock(2), exclusive, without waiting. False: somebody else holds it.</summary>
    public static bool TryLock(SafeFileHandle file, string path)
    {
        const int exclusiveNonBlocking = 2 | 4; // LOCK_EX | LOCK_NB
        const int wouldBlock = 11;              // EWOULDBLOCK
        while (FLock(file, exclusiveNonBlocking) != 0)
        {
            if (Marshal.GetLastPInvokeError() == wouldBlock)
            {
                return false;
            }

            ThrowUnlessInterrupted("flock", path);
        }

        return true;
    }

    /// <summary>flock(2): gives the lock up.</summary>
    public static void Unlock(SafeFileHandle file, string path)
    {
        const int unlock = 8; // LOCK_UN
        while (FLock(file, unlock) != 0)
        {
            ThrowUnlessInterrupted("flock", path);
        }
    }

    /// <summary>statx(2): whether the path names that open file. False also where it names nothing.</summary>
    public static bool IsFileAt(SafeFileHandle file, string path)
    {
        const int emptyPath = 0x1000; // AT_EMPTY_PATH
        const int noFile = 2;         // ENOENT
        FileIdentity open;
        while (StatX(file, "", emptyPath, Inode, out open) != 0)
        {
            ThrowUnlessInterrupted("statx", path);
        }

        FileIdentity named;
        while (StatX(CurrentFolder, path, 0, Inode, out named) != 0)
        {
            if (Marshal.GetLastPInvokeError() == noFile)
            {
                return false;
            }

            ThrowUnlessInterrupted("statx", path);
        }

        return (open.Inode, open.DeviceMajor, open.DeviceMinor) == (named.Inode, named.DeviceMajor, named.DeviceMinor);
    }

    /// <summary>Whether .NET's error means ENOSPC or EDQUOT. On Unix it keeps the error number in HResult.</summary>
    public static bool IsDiskFull(IOException error) => error.HResult is NoSpace or QuotaExceeded;

    private static SafeFileHandle OpenRetrying(string path, int flags)
    {
        while (true)
        {
            SafeFileHandle handle = Open(path, flags, OwnerReadWriteOthersRead);
            if (!handle.IsInvalid)
            {
                return handle;
            }

            handle.Dispose();
            ThrowUnlessInterrupted("open", path);
        }
    }

    private static void ThrowUnlessInterrupted(string call, string path)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == Interrupted)
        {
            return;
        }

        string message = $"{call} of '{path}': {Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
        throw error is NoSpace or QuotaExceeded ? new WalDiskFullException(message) : new IOException(message, error);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle folder, string path, int flags, uint mask, out FileIdentity identity);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out FileIdentity identity);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    /// <summary>What is needed of the system's struct statx, which is the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct FileIdentity
    {
        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(136)]
        public readonly uint DeviceMajor;

        [FieldOffset(140)]
        public readonly uint DeviceMinor;
    }
}
