using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// An exclusive lock on a file among all processes, by flock(2): the system drops it when its holder dies, however it dies.
/// The file itself stays; deleting it would let two holders lock two different files of one name.
/// </summary>
internal sealed class FileLock : IWalFolderLock
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private FileLock(SafeFileHandle handle, string path)
    {
        _handle = handle;
        _path = path;
    }

    public bool IsInPlace => LinuxFiles.IsFileAt(_handle, _path);

    /// <exception cref="WalFolderInUseException">The lock is held elsewhere, in this or another process.</exception>
    public static FileLock Take(string path)
    {
        SafeFileHandle handle = LinuxFiles.OpenLockFile(path);
        try
        {
            if (LinuxFiles.TryLock(handle, path))
            {
                return new FileLock(handle, path);
            }

            throw new WalFolderInUseException($"'{path}' is locked by another process");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_handle.IsClosed)
        {
            return;
        }

        // Not by closing alone: a child process that is just being started holds copies of all descriptors until its exec.
        LinuxFiles.Unlock(_handle, _path);
        _handle.Dispose();
    }
}
