using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Local;

/// <summary>The system calls that the base class library does not offer: fsync of folders, link(2), flock(2).</summary>
internal static partial class Posix
{
    private const int ReadOnly = 0;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const uint OwnerMayReadAndWrite = 0x180; // 0600
    private const int InterruptedErrno = 4;
    private const int ExistsErrno = 17;

    private static readonly int CloseOnExec = OperatingSystem.IsMacOS() ? 0x100_0000 : 0x8_0000;
    private static readonly int WouldBlockErrno = OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>Makes the names in a folder durable.</summary>
    /// <exception cref="IOException">The folder cannot be opened or flushed.</exception>
    internal static void FlushFolder(string path)
    {
        int descriptor = Open(path, ReadOnly | CloseOnExec);
        if (descriptor < 0)
        {
            throw Error($"open folder '{path}'");
        }

        try
        {
            while (FSync(descriptor) != 0)
            {
                if (Marshal.GetLastPInvokeError() != InterruptedErrno)
                {
                    throw Error($"fsync folder '{path}'");
                }
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Gives <paramref name="existing"/> a second name, atomically; false when that name is taken.</summary>
    internal static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == ExistsErrno ? false : throw Error($"link '{existing}' as '{name}'");
    }

    /// <summary>
    /// Takes the lock of a lock file (made when absent), waiting for its holder. Disposing the handle releases the lock, as does
    /// the process's death. Not by FileStream: that takes a lock of its own on every open, and fails where it should wait.
    /// </summary>
    internal static SafeFileHandle Lock(string path)
    {
        SafeFileHandle file = OpenLockFile(path);
        _ = TryLock(file, path, LockExclusive);
        return file;
    }

    /// <summary>Takes the lock of a lock file; null when someone else, in any process, holds it.</summary>
    internal static SafeFileHandle? TryLock(string path)
    {
        SafeFileHandle file = OpenLockFile(path);
        if (TryLock(file, path, LockExclusive | LockNonBlocking))
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    private static SafeFileHandle OpenLockFile(string path)
    {
        if (!File.Exists(path))
        {
            int created = Create(path, OwnerMayReadAndWrite);
            if (created < 0)
            {
                throw Error($"make lock file '{path}'");
            }

            _ = Close(created);
        }

        int descriptor = Open(path, ReadOnly | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Error($"open lock file '{path}'");
    }

    private static bool TryLock(SafeFileHandle file, string path, int operation)
    {
        while (FLock(file, operation) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == WouldBlockErrno)
            {
                return false;
            }

            if (errno != InterruptedErrno)
            {
                throw Error($"lock '{path}'");
            }
        }

        return true;
    }

    private static IOException Error(string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})", errno);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    // creat(2), since the mode of open(2) is a variadic argument, which not every platform passes like a plain one.
    [LibraryImport("libc", EntryPoint = "creat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Create(string path, uint mode);
}
