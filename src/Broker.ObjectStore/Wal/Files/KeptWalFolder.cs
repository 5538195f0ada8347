namespace Broker.ObjectStore.Wal;

/// <summary>
/// A folder whose lock is kept from the first log that takes it until this is disposed: logs that follow each other in it, each after the failure of the one before, leave no
/// moment in which another process could come in. Where another disk has been mounted in its place, that one's lock is taken. Used by one thread at a time.
/// </summary>
public sealed class KeptWalFolder(IWalFileSystem folder) : IWalFileSystem, IDisposable
{
    private IWalFolderLock? _held;

    public string Description => folder.Description;

    /// <inheritdoc/>
    /// <remarks>Disposing what this returns gives nothing free.</remarks>
    public IWalFolderLock Lock(string name)
    {
        if (_held is not { IsInPlace: true })
        {
            IWalFolderLock taken = folder.Lock(name);
            _held?.Dispose();
            _held = taken;
        }

        return new Lent(_held);
    }

    public long AvailableBytes() => folder.AvailableBytes();

    public IReadOnlyList<string> List() => folder.List();

    public IWalFile Create(string name) => folder.Create(name);

    public IWalFile Open(string name) => folder.Open(name);

    public void Rename(string from, string to) => folder.Rename(from, to);

    public void Delete(string name) => folder.Delete(name);

    public void SyncFolder() => folder.SyncFolder();

    /// <summary>Gives the folder free. No log in it may be open.</summary>
    public void Dispose() => _held?.Dispose();

    private sealed class Lent(IWalFolderLock held) : IWalFolderLock
    {
        public bool IsInPlace => held.IsInPlace;

        public void Dispose()
        {
            // The keeper's.
        }
    }
}
