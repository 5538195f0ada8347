using Broker.TestSupport.Processes;

namespace Broker.Crash.FullDisk;

/// <summary>A file system of a given size in memory, mounted on a folder; and files on it that take its room.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int BlockBytes = 1 << 20;
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    public long AvailableBytes => new DriveInfo(_folder).AvailableFreeSpace;

    /// <summary>Mounts it, or skips the test where that is not allowed.</summary>
    public static async Task<SmallDisk> MountAsync(string folder, int megabytes)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a tmpfs can be mounted by root on Linux only");
        Directory.CreateDirectory(folder);
        ToolRun mount = await ToolRun.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", folder]);
        Skip.If(mount.ExitCode != 0, $"a tmpfs cannot be mounted here: {string.Join(' ', mount.Errors)}");
        return new SmallDisk(folder);
    }

    /// <summary>Takes room with a file of that many bytes, or of what there is.</summary>
    public void Fill(string name, long bytes)
    {
        using FileStream file = File.Create(Path.Combine(_folder, name), bufferSize: 0);
        byte[] block = new byte[BlockBytes];
        try
        {
            for (long written = 0; written < bytes; written += BlockBytes)
            {
                file.Write(block, 0, (int)Math.Min(BlockBytes, bytes - written));
            }
        }
        catch (IOException)
        {
            // The disk is full, which is what was wanted.
        }
    }

    /// <summary>Takes all there is, also what is less than a block of <see cref="Fill"/>.</summary>
    public void FillToTheLastByte(string name)
    {
        Fill(name, long.MaxValue);
        using FileStream file = new(Path.Combine(_folder, name), FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.WriteByte(0);
            }
        }
        catch (IOException)
        {
            // Not one byte more.
        }
    }

    public void Remove(string name) => File.Delete(Path.Combine(_folder, name));

    // Lazily: a broker that a failed test has left may still have files open.
    public async ValueTask DisposeAsync() => await ToolRun.RunAsync("umount", ["-l", _folder]);
}
