using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Wal;

/// <summary>A file of a <see cref="WalFolder"/>: pread, pwritev, fdatasync.</summary>
internal sealed class WalFile : IWalFile
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;

    public WalFile(string path, FileMode mode)
    {
        _path = path;
        try
        {
            _handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (IOException error) when (LinuxFiles.IsDiskFull(error))
        {
            throw new WalDiskFullException($"no room on the disk for '{path}'", error);
        }
    }

    public long LengthBytes => RandomAccess.GetLength(_handle);

    public int Read(long position, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            int read = RandomAccess.Read(_handle, destination[done..], position + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }

    public void Write(long position, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        try
        {
            RandomAccess.Write(_handle, parts, position);
        }
        catch (IOException error) when (LinuxFiles.IsDiskFull(error))
        {
            throw new WalDiskFullException($"no room on the disk for '{_path}'", error);
        }
    }

    public void SyncData() => LinuxFiles.SyncData(_handle, _path);

    public void Dispose() => _handle.Dispose();
}
