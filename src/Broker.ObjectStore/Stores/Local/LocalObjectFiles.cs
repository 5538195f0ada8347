using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Local;

/// <summary>The blocking file operations behind <see cref="LocalObjectStore"/>. Thread-safe, also among processes.</summary>
internal sealed class LocalObjectFiles(LocalFolders folders)
{
    /// <summary>
    /// Bytes of one write. Linux gives a new file cache pages as large as the write, and large ones are dear: measured, 2.1 s of system time a GB by
    /// writes of 1 MiB and more, 0.7 s by writes of 128 KiB, 0.8 s by writes of 32 KiB.
    /// </summary>
    private const int WriteBytes = 128 << 10;

    private const FileShare ShareAll = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Writes and flushes a temporary file; on any failure nothing is left of it.</summary>
    internal string WriteTemporary(in LocalObjectHeader header, in ReadOnlySequence<byte> body)
    {
        string path = folders.NewTemporaryPath();
        List<ReadOnlyMemory<byte>> buffers = [header.ToBytes()];
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            buffers.Add(segment);
        }

        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, ShareAll);
            WriteAll(file, buffers);
            RandomAccess.FlushToDisk(file);
            return path;
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>
    /// Makes a flushed temporary file the object, if the condition holds; the temporary name is gone afterwards. Returns Unknown
    /// when the object is visible but could not be made durable.
    /// </summary>
    internal PutResult Publish(string temporary, ObjectKey key, PutCondition condition, string etag)
    {
        string relative = LocalKeyPath.ToPath(key);
        string path = Path.Combine(folders.Objects, relative);
        string folder = Path.GetDirectoryName(path)!;
        bool written;
        try
        {
            folders.Ensure(folder);
            written = condition.Kind == PutConditionKind.IfAbsent
                ? Posix.TryLink(temporary, path)
                : TryReplace(temporary, relative, path, condition);
        }
        finally
        {
            File.Delete(temporary);
        }

        try
        {
            // Also when the condition failed: the caller will act on what it lost to, so that must be durable too.
            Posix.FlushFolder(folder);
        }
        catch (IOException error) when (written)
        {
            return PutResult.Unknown(error);
        }

        return written ? PutResult.Written(etag) : PutResult.ConditionFailed;
    }

    /// <summary>The header and the open file of an object, or null when there is none.</summary>
    internal SafeFileHandle? TryOpen(ObjectKey key, out LocalObjectHeader header)
        => TryOpen(Path.Combine(folders.Objects, LocalKeyPath.ToPath(key)), out header);

    internal static SafeFileHandle? TryOpen(string path, out LocalObjectHeader header)
    {
        header = default;
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, ShareAll);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        try
        {
            Span<byte> bytes = stackalloc byte[LocalObjectHeader.Size];
            int read = ReadFully(file, bytes, 0);
            header = LocalObjectHeader.Parse(bytes[..read], RandomAccess.GetLength(file), path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The object's description, or null when there is none (any more).</summary>
    internal static ObjectInfo? Describe(ObjectKey key, string path, bool withWriteId)
    {
        using SafeFileHandle? file = TryOpen(path, out LocalObjectHeader header);
        if (file is null)
        {
            return null;
        }

        DateTimeOffset modified = new(File.GetLastWriteTimeUtc(file));
        Guid? writeId = withWriteId && header.WriteId != Guid.Empty ? header.WriteId : null;
        return new ObjectInfo(key, header.BodyBytes, header.ETag, modified, writeId);
    }

    /// <summary>
    /// As <see cref="Describe(ObjectKey, string, bool)"/>, for a listing, which no damaged file may end: of one that does not match its header the size is that of the body which is there,
    /// and the etag empty. Whoever reads it is told.
    /// </summary>
    /// <exception cref="StorageException">Invalid: written by a newer version.</exception>
    internal static ObjectInfo? List(ObjectKey key, string path)
    {
        try
        {
            return Describe(key, path, withWriteId: false);
        }
        catch (StorageException damaged) when (damaged.Kind == StorageErrorKind.Corrupt)
        {
            FileInfo file = new(path);
            return file.Exists ? new ObjectInfo(key, Math.Max(0, file.Length - LocalObjectHeader.Size), "", new DateTimeOffset(file.LastWriteTimeUtc), WriteId: null) : null;
        }
    }

    internal ObjectInfo? Describe(ObjectKey key)
        => Describe(key, Path.Combine(folders.Objects, LocalKeyPath.ToPath(key)), withWriteId: true);

    internal void Delete(ObjectKey key)
    {
        string relative = LocalKeyPath.ToPath(key);
        string path = Path.Combine(folders.Objects, relative);
        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            return;
        }

        using (folders.LockKey(relative))
        {
            File.Delete(path);
        }

        Posix.FlushFolder(folder);
    }

    /// <summary>Writes buffers from the file's beginning.</summary>
    internal static void WriteAll(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        List<ReadOnlyMemory<byte>> step = [];
        long position = 0;
        int bytes = 0;
        foreach (ReadOnlyMemory<byte> buffer in buffers)
        {
            for (ReadOnlyMemory<byte> rest = buffer; !rest.IsEmpty;)
            {
                step.Add(rest[..Math.Min(rest.Length, WriteBytes - bytes)]);
                rest = rest[step[^1].Length..];
                bytes += step[^1].Length;
                if (bytes == WriteBytes)
                {
                    Write(file, step, position);
                    position += bytes;
                    bytes = 0;
                    step.Clear();
                }
            }
        }

        Write(file, step, position);
    }

    private static void Write(SafeFileHandle file, List<ReadOnlyMemory<byte>> buffers, long position)
    {
        try
        {
            RandomAccess.Write(file, buffers, position);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // So the class library reports EFBIG: a limit on the size of files, which to us is a full disk.
            throw new IOException(error.Message, error);
        }
    }

    /// <summary>Reads until the span is full or the file ends.</summary>
    internal static int ReadFully(SafeFileHandle file, Span<byte> span, long position)
    {
        int total = 0;
        while (total < span.Length)
        {
            int read = RandomAccess.Read(file, span[total..], position + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    /// <summary>Fills one destination after the other, until the last is full or the file ends.</summary>
    internal static long ReadFully(SafeFileHandle file, IReadOnlyList<Memory<byte>> destinations, long position)
    {
        long wanted = destinations.Sum(piece => (long)piece.Length);
        long total = RandomAccess.Read(file, destinations, position);
        while (total < wanted)
        {
            // The kernel may stop anywhere; go on in the middle of a destination.
            long read = RandomAccess.Read(file, ScatteredBytes.Skip(destinations, total), position + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    private bool TryReplace(string temporary, string relative, string path, PutCondition condition)
    {
        // Unconditional writers and deleters take the lock too: between the look at the etag and the rename nobody may change the
        // object. Creation if absent needs none: the object exists all that time, so it fails by itself.
        using SafeFileHandle keyLock = folders.LockKey(relative);
        if (condition.Kind == PutConditionKind.IfMatch)
        {
            using SafeFileHandle? file = TryOpen(path, out LocalObjectHeader header);
            if (file is null || header.ETag != condition.ETag)
            {
                return false;
            }
        }

        File.Move(temporary, path, overwrite: true);
        return true;
    }
}
