using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Local;

/// <summary>
/// An object store in a folder, with S3's semantics among all processes of one machine that open it. An object appears by
/// one link(2) or rename(2) of a file that was written and flushed before, so a crash at any instant leaves whole objects
/// only, and a PUT that returned Written survives power failure. Files: docs/formats/local-object-store.md. Thread-safe.
/// <para>Between the rename and the flush of the folder, readers on this machine already see the new object; a power
/// failure in that moment takes them down with it.</para>
/// </summary>
public sealed class LocalObjectStore : IObjectStore, IDisposable
{
    /// <summary>Listings take a turn at the disk for so many objects at a time.</summary>
    private const int ListChunk = 256;

    private readonly LocalFolders _folders;
    private readonly LocalObjectFiles _files;
    private readonly IoThreads _io;
    private readonly IIdSource _ids;

    private LocalObjectStore(LocalObjectStoreOptions options)
    {
        _ids = options.Ids;
        _folders = new LocalFolders(options.RootFolder, _ids.Next(), options.MustExist);
        _files = new LocalObjectFiles(_folders);
        _io = new IoThreads(options.MaxConcurrentOperations);
    }

    /// <summary>Opens the folder, makes it when absent, and removes what dead processes left half-written.</summary>
    /// <exception cref="StorageException">Unavailable: the folder cannot be made or written; Invalid: of a newer version; NotFound: it is no store's, and must be.</exception>
    public static LocalObjectStore Open(LocalObjectStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("the local object store needs POSIX link, rename and flock: Linux or macOS");
        }

        try
        {
            return new LocalObjectStore(options);
        }
        catch (Exception error) when (IsFileError(error))
        {
            throw Unavailable($"cannot open the object store folder '{options.RootFolder}'", error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        await _io.EnterAsync(ct);
        LocalObjectHeader header = LocalObjectHeader.Of(body, condition.WriteId, _ids.Next());
        return Do($"cannot write '{key}'", () => _files.Publish(_files.WriteTemporary(header, body), key, condition, header.ETag));
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        await _io.EnterAsync(ct);
        return Do($"cannot read '{key}'", () => Read(key, range));
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        await _io.EnterAsync(ct);
        return Do($"cannot read '{key}'", () => Read(key, range, destinations));
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        await _io.EnterAsync(ct);
        return Do($"cannot read '{key}'", () => _files.Describe(key));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        using IEnumerator<(ObjectKey Key, string Path)> walk = new LocalLister(_folders.Objects, prefix, startAfter).Walk().GetEnumerator();
        List<ObjectInfo> chunk = [];
        do
        {
            chunk.Clear();
            await _io.EnterAsync(ct);
            Do($"cannot list '{prefix}'", () => FillChunk(walk, chunk));
            foreach (ObjectInfo info in chunk)
            {
                yield return info;
            }
        }
        while (chunk.Count > 0);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        await _io.EnterAsync(ct);
        Do($"cannot delete '{key}'", () =>
        {
            _files.Delete(key);
            return true;
        });
    }

    /// <inheritdoc/>
    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult<IMultipartUpload>(new LocalMultipartUpload(key, writeId, _folders, _files, _io, _ids));
    }

    /// <summary>None: parts of dead processes are removed by the next opening of the folder, those of living ones are theirs.</summary>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult(0);
    }

    /// <summary>Removes this instance's temporary folder. No operation may be running.</summary>
    public void Dispose()
    {
        _folders.Dispose();
        _io.Dispose();
    }

    /// <summary>Runs a file operation; its errors become storage errors.</summary>
    internal static T Do<T>(string failure, Func<T> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception error) when (IsFileError(error))
        {
            throw Unavailable(failure, error);
        }
    }

    private static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    private static StorageException Unavailable(string failure, Exception error)
        => new(StorageErrorKind.Unavailable, $"{failure}: {error.Message}", error);

    private static bool FillChunk(IEnumerator<(ObjectKey Key, string Path)> walk, List<ObjectInfo> chunk)
    {
        while (chunk.Count < ListChunk && walk.MoveNext())
        {
            ObjectInfo? info = LocalObjectFiles.List(walk.Current.Key, walk.Current.Path);
            if (info is not null)
            {
                chunk.Add(info);
            }
        }

        return true;
    }

    private ReadOnlyMemory<byte> Read(ObjectKey key, ByteRange range)
    {
        using SafeFileHandle file = OpenObject(key, out LocalObjectHeader header);
        (long offset, int length) = range.ResolveInto(key, header.BodyBytes, Array.MaxLength);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        ReadBody(key, file, header, offset, [bytes]);
        return bytes;
    }

    private int Read(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations)
    {
        using SafeFileHandle file = OpenObject(key, out LocalObjectHeader header);
        (long offset, int length) = range.ResolveInto(key, header.BodyBytes, destinations.Sum(piece => (long)piece.Length));
        ReadBody(key, file, header, offset, ScatteredBytes.Cut(destinations, length));
        return length;
    }

    // Opened anew for each read: name, header and all cost some microseconds, against a tenth of a millisecond for a block's bytes, and
    // an object that was replaced or deleted, by whichever process, is never read from a handle that was kept.
    private SafeFileHandle OpenObject(ObjectKey key, out LocalObjectHeader header) => _files.TryOpen(key, out header)
        ?? throw new StorageException(StorageErrorKind.NotFound, $"no object '{key}' in '{_folders.Root}'");

    /// <summary>Fills all of the memory. The object's checksum is of the whole body: only who reads that checks it here, a block has its own.</summary>
    private void ReadBody(ObjectKey key, SafeFileHandle file, in LocalObjectHeader header, long offset, IReadOnlyList<Memory<byte>> destinations)
    {
        long length = destinations.Sum(piece => (long)piece.Length);
        long read = LocalObjectFiles.ReadFully(file, destinations, LocalObjectHeader.Size + offset);
        if (read < length || (length == header.BodyBytes && ScatteredBytes.Checksum(destinations) != header.BodyCrc))
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"the file of '{key}' in '{_folders.Root}' does not match its checksum");
        }
    }
}
