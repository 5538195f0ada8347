namespace Broker.ObjectStore.Wal;

/// <summary>The <see cref="IWalFileSystem"/> over a real folder on Linux.</summary>
public sealed class WalFolder : IWalFileSystem
{
    private readonly string _path;

    /// <summary>Uses <paramref name="path"/>, which is created when absent. Nothing else may live in it.</summary>
    public WalFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        CreateDurably(_path);
    }

    public string Description => _path;

    public IWalFolderLock Lock(string name) => FileLock.Take(Full(name));

    // statvfs(2) of any path, despite its name.
    public long AvailableBytes() => new DriveInfo(_path).AvailableFreeSpace;

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_path).Select(file => Path.GetFileName(file))];

    public IWalFile Create(string name) => new WalFile(Full(name), FileMode.CreateNew);

    public IWalFile Open(string name) => new WalFile(Full(name), FileMode.Open);

    public void Rename(string from, string to) => File.Move(Full(from), Full(to), overwrite: false);

    public void Delete(string name) => File.Delete(Full(name));

    public void SyncFolder() => LinuxFiles.SyncFolder(_path);

    private static void CreateDurably(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        string parent = Path.GetDirectoryName(path) ?? "/";
        CreateDurably(parent);
        Directory.CreateDirectory(path);
        // A folder's entry lives in its parent: without this, a crash may take the folder and all in it.
        LinuxFiles.SyncFolder(parent);
    }

    private string Full(string name) => Path.Combine(_path, name);
}
