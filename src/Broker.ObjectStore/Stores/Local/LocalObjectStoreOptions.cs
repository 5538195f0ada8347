namespace Broker.ObjectStore.Local;

/// <summary>How a <see cref="LocalObjectStore"/> is opened.</summary>
/// <param name="RootFolder">Its folder; made when absent, unless <see cref="MustExist"/>. One file system, POSIX semantics (link, rename, flock), no NFS.</param>
public sealed record LocalObjectStoreOptions(string RootFolder)
{
    /// <summary>Whether a folder that is not a store's is refused (NotFound), and nothing made: for who only looks.</summary>
    public bool MustExist { get; init; }

    /// <summary>
    /// How many file operations run at a time, each on a thread of its own. 16: enough to keep an SSD's queue busy.
    /// </summary>
    public int MaxConcurrentOperations { get; init; } = 16;

    /// <summary>Names the temporary files and etags of this instance.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();
}
