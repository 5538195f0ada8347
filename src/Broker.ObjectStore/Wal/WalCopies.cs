namespace Broker.ObjectStore.Wal;

/// <summary>Tells a copy of a write-ahead log from the same log by another path: as a link, or another mount of its volume.</summary>
public static class WalCopies
{
    // Between a crash just then and somebody's look into the folder it is to be recognized as ours, and as nothing.
    private const string ProbePrefix = "same-folder-";

    /// <summary>Whether the log is in two folders on this machine, whoever uses either.</summary>
    /// <param name="here">A folder that this process may write into, with the log in it.</param>
    /// <param name="there">Another path; nothing needs to be there, or be readable.</param>
    /// <param name="id">The log's.</param>
    /// <param name="ids">Names what is made for a moment.</param>
    /// <exception cref="WalFolderException">The folder here cannot be written into.</exception>
    public static bool IsCopy(string here, string there, WalId id, IIdSource ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return IsIn(there, id) && !IsSame(here, there, ids);
    }

    private static bool IsIn(string path, WalId id)
    {
        try
        {
            return FencedDiskWal.Identify(path)?.WalId == id;
        }
        catch (StorageException)
        {
            // Nobody could start with it either.
            return false;
        }
    }

    // What is made in one is seen in the other: no comparison of names tells that.
    private static bool IsSame(string here, string there, IIdSource ids)
    {
        string probe = ProbePrefix + ids.Next().ToString("N");
        try
        {
            File.WriteAllBytes(Path.Combine(here, probe), []);
            try
            {
                return File.Exists(Path.Combine(there, probe));
            }
            finally
            {
                File.Delete(Path.Combine(here, probe));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new WalFolderException($"the WAL in '{here}' cannot be opened: {error.Message}", error);
        }
    }
}
