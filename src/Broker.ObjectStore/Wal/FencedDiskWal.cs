using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The write-ahead log of a node that is gone, in a folder that this machine reaches: a volume that was mounted here, or the same disk. Whoever uses a folder holds its lock, so a log that can be
/// locked is nobody's: it is fenced by the commit to the metadata that follows, after which no start of its node may bring it. Readers take turns.
/// </summary>
public static class FencedDiskWal
{
    /// <summary>Makes sure that the log is here and that nobody uses it. What keeps its node from using it again is the commit that follows: a start registers before it appends.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="id">Which log is to be in it.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="StorageException">Unavailable: it is not here, or in use. Corrupt.</exception>
    public static async ValueTask CheckAsync(string path, WalId id, CancellationToken ct)
    {
        // Its headers are read as well: what cannot be opened cannot be taken over.
        await (await OpenAsync(path, id, new Random(0), new SystemIdSource(), ct)).DisposeAsync();
    }

    /// <summary>What the log holds, in the order of its positions.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="id">Which log is to be in it.</param>
    /// <param name="random">As of <see cref="DiskWalOptions.Random"/>.</param>
    /// <param name="ids">As of <see cref="DiskWalOptions.Ids"/>.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="StorageException">Unavailable: it is not here, or in use, as by another reader: read again. Corrupt.</exception>
    public static async IAsyncEnumerable<WalRecoveredRecord> ReadAsync(string path, WalId id, Random random, IIdSource ids, [EnumeratorCancellation] CancellationToken ct)
    {
        await using DiskWal wal = await OpenAsync(path, id, random, ids, ct);
        await foreach (WalRecoveredRecord record in wal.RecoverAsync(ct))
        {
            yield return record;
        }
    }

    private static async ValueTask<DiskWal> OpenAsync(string path, WalId id, Random random, IIdSource ids, CancellationToken ct)
    {
        // Many machines keep their log at the same path: which one is here is asked before its lock is.
        WalIdentity? here = Identify(path);
        if (here is not { } identity || identity.WalId != id)
        {
            throw new StorageException(
                StorageErrorKind.Unavailable, here is { } other ? $"there is another log ({other.WalId}) in '{path}' here" : $"there is no log in '{path}' here");
        }

        return await DiskWal.OpenAsync(new DiskWalOptions { Folder = path, NodeId = identity.NodeId, Random = random, Ids = ids }, ct);
    }

    /// <summary>Which log is in a folder; null: none, or no folder.</summary>
    /// <exception cref="WalFolderException">It cannot be read.</exception>
    internal static WalIdentity? Identify(string path)
    {
        try
        {
            return Directory.Exists(path) ? WalIdentity.Find(new WalFolder(path)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new WalFolderException($"the WAL in '{path}' cannot be read: {error.Message}", error);
        }
    }
}
