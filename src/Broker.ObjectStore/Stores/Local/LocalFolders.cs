using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Local;

/// <summary>
/// The folders of a local store and the promise that a name, once published, survives a power failure: every folder on the
/// way to it was flushed into its parent. Folders of keys are never removed, so what was flushed once stays so.
/// <para>Temporary files lie in a folder per open store, which its owner keeps locked; the lock ends with the owner's
/// process. Whoever opens the store removes the folders whose lock is free. Making, locking and removing such folders
/// happens under one lock of the whole store, so that no one takes a folder for dead that is just being made.</para>
/// Thread-safe.
/// </summary>
internal sealed class LocalFolders : IDisposable
{
    /// <summary>Stripes of the locks on keys: enough that neighbours rarely wait for each other, few enough to be no clutter.</summary>
    private const int KeyLocks = 64;

    /// <summary>Bounds the memory of <see cref="_durable"/>; beyond it, folders are flushed once more.</summary>
    private const int MaxDurableFolders = 65_536;

    private const string FormatText = "broker local object store, version 1\n";

    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);
    private readonly string _locks;
    private readonly string _temporary;
    private readonly SafeFileHandle _ownerLock;
    private long _temporaryFiles;

    /// <exception cref="StorageException">NotFound: the folder is no store's, and <paramref name="mustExist"/>; Invalid: of a newer version.</exception>
    internal LocalFolders(string root, Guid instanceId, bool mustExist = false)
    {
        Root = Path.GetFullPath(root);
        if (mustExist && !File.Exists(FormatFile))
        {
            throw new StorageException(StorageErrorKind.NotFound, $"there is no object store in '{Root}'");
        }

        Objects = Path.Combine(Root, "objects");
        _locks = Path.Combine(Root, "locks");
        string allTemporary = Path.Combine(Root, "tmp");
        MakeDurably(Root);
        MakeDurably(Objects);
        MakeDurably(_locks);
        MakeDurably(allTemporary);

        using SafeFileHandle opening = Posix.Lock(OpeningLock);
        CheckFormat();
        SweepDead(allTemporary);
        _temporary = Path.Combine(allTemporary, instanceId.ToString("n"));
        Directory.CreateDirectory(_temporary);
        _ownerLock = Posix.TryLock(Path.Combine(_temporary, "owner")) ?? throw new StorageException(
            StorageErrorKind.Invalid, $"two open stores have the id {instanceId:n}; ids must be unique");
    }

    internal string Root { get; }

    internal string Objects { get; }

    private string FormatFile => Path.Combine(Root, "FORMAT");

    private string OpeningLock => Path.Combine(_locks, "open");

    /// <summary>A path for a new temporary file, on the same file system as the objects.</summary>
    internal string NewTemporaryPath()
        => Path.Combine(_temporary, Interlocked.Increment(ref _temporaryFiles).ToString(CultureInfo.InvariantCulture));

    /// <summary>Makes <paramref name="folder"/> (below the objects folder) exist, also after a power failure.</summary>
    internal void Ensure(string folder)
    {
        if (_durable.ContainsKey(folder) || folder.Length <= Objects.Length)
        {
            return;
        }

        string parent = Path.GetDirectoryName(folder)!;
        Ensure(parent);
        Directory.CreateDirectory(folder);
        Posix.FlushFolder(parent);
        if (_durable.Count >= MaxDurableFolders)
        {
            _durable.Clear();
        }

        _durable[folder] = true;
    }

    /// <summary>
    /// Excludes all others, in every process, who change the object at <paramref name="relativePath"/> and need its old state to
    /// be theirs. Disposing the result releases it.
    /// </summary>
    internal SafeFileHandle LockKey(string relativePath)
    {
        uint stripe = Crc32C.Compute(Encoding.UTF8.GetBytes(relativePath)) % KeyLocks;
        return Posix.Lock(Path.Combine(_locks, stripe.ToString("d2", CultureInfo.InvariantCulture)));
    }

    public void Dispose()
    {
        try
        {
            // Under the opening lock no sweeper works; the owner's lock goes last, with its file.
            using SafeFileHandle opening = Posix.Lock(OpeningLock);
            Directory.Delete(_temporary, recursive: true);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // The volume is gone, or read-only: whoever opens the store next sweeps what is left.
        }
        finally
        {
            _ownerLock.Dispose();
        }
    }

    private static void MakeDurably(string folder)
    {
        string? parent = Path.GetDirectoryName(folder);
        if (!Directory.Exists(folder) && parent is not null)
        {
            MakeDurably(parent);
        }

        Directory.CreateDirectory(folder);
        if (parent is not null)
        {
            Posix.FlushFolder(parent);
        }
    }

    private static void SweepDead(string allTemporary)
    {
        foreach (string folder in Directory.EnumerateDirectories(allTemporary))
        {
            using SafeFileHandle? owner = Posix.TryLock(Path.Combine(folder, "owner"));
            if (owner is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private void CheckFormat()
    {
        string path = FormatFile;
        if (File.Exists(path))
        {
            string text = File.ReadAllText(path);
            if (text != FormatText)
            {
                throw new StorageException(
                    StorageErrorKind.Invalid,
                    $"'{path}' says '{text.Trim()}'; this build works with '{FormatText.Trim()}' and has touched nothing");
            }

            return;
        }

        string draft = path + ".new";
        using (FileStream file = new(draft, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.ASCII.GetBytes(FormatText));
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        Posix.FlushFolder(Root);
    }
}
