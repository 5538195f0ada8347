using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Broker.ObjectStore.Local;

/// <summary>Parts as temporary files, joined into one on completion. Thread-safe.</summary>
internal sealed class LocalMultipartUpload(
    ObjectKey key, Guid writeId, LocalFolders folders, LocalObjectFiles files, IoThreads io, IIdSource ids) : IMultipartUpload
{
    /// <summary>Parts are joined in steps of this size: large enough that system calls do not count.</summary>
    private const int CopyBytes = 1024 * 1024;

    private readonly SortedDictionary<int, Part> _parts = [];
    private bool _ended;

    public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
    {
        if (number is < 1 or > IMultipartUpload.MaxPartNumber)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"part {number} of '{key}': numbers go from 1 to {IMultipartUpload.MaxPartNumber}");
        }

        await io.EnterAsync(ct);
        Part part = LocalObjectStore.Do($"cannot write part {number} of '{key}'", () => WritePart(body));
        Part? replaced;
        bool ended;
        lock (_parts)
        {
            ended = _ended;
            _parts.TryGetValue(number, out replaced);
            if (!ended)
            {
                _parts[number] = part;
            }
        }

        if (ended)
        {
            File.Delete(part.Path);
            throw Ended();
        }

        if (replaced is not null)
        {
            File.Delete(replaced.Path);
        }
    }

    public async ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
    {
        await io.EnterAsync(ct);
        List<Part> parts;
        lock (_parts)
        {
            CheckComplete();
            _ended = true;
            parts = [.. _parts.Values];
            _parts.Clear();
        }

        try
        {
            return LocalObjectStore.Do($"cannot write '{key}'", () => Join(parts, condition));
        }
        finally
        {
            Delete(parts);
        }
    }

    public async ValueTask AbortAsync(CancellationToken ct)
    {
        await io.EnterAsync(ct);
        List<Part> parts;
        lock (_parts)
        {
            _ended = true;
            parts = [.. _parts.Values];
            _parts.Clear();
        }

        Delete(parts);
    }

    public ValueTask DisposeAsync() => AbortAsync(CancellationToken.None);

    private static void Delete(List<Part> parts)
    {
        foreach (Part part in parts)
        {
            File.Delete(part.Path);
        }
    }

    private StorageException Ended()
        => new(StorageErrorKind.Invalid, $"the multipart upload of '{key}' is completed or aborted already");

    private void CheckComplete()
    {
        if (_ended)
        {
            throw Ended();
        }

        if (_parts.Count == 0)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"the multipart upload of '{key}' has no parts");
        }

        foreach ((int number, Part part) in _parts.SkipLast(1))
        {
            if (part.SizeBytes < IMultipartUpload.MinPartBytes)
            {
                throw new StorageException(
                    StorageErrorKind.Invalid,
                    $"part {number} of '{key}' has {part.SizeBytes} bytes; all but the last need {IMultipartUpload.MinPartBytes}");
            }
        }
    }

    private Part WritePart(in ReadOnlySequence<byte> body)
    {
        string path = folders.NewTemporaryPath();
        List<ReadOnlyMemory<byte>> buffers = [];
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            buffers.Add(segment);
        }

        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            LocalObjectFiles.WriteAll(file, buffers);
            return new Part(path, body.Length);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private PutResult Join(List<Part> parts, PutCondition condition)
    {
        string path = folders.NewTemporaryPath();
        LocalObjectHeader header;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            (long length, uint crc) = Copy(parts, file);
            header = new LocalObjectHeader(length, crc, writeId, ids.Next());
            RandomAccess.Write(file, header.ToBytes(), fileOffset: 0);
            RandomAccess.FlushToDisk(file);
        }
        catch
        {
            File.Delete(path);
            throw;
        }

        return files.Publish(path, key, condition, header.ETag);
    }

    private static (long Length, uint Crc) Copy(List<Part> parts, SafeFileHandle target)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            long length = 0;
            uint crc = 0;
            foreach (Part part in parts)
            {
                using SafeFileHandle source = File.OpenHandle(part.Path);
                for (long position = 0; position < part.SizeBytes;)
                {
                    int wanted = (int)Math.Min(CopyBytes, part.SizeBytes - position);
                    if (LocalObjectFiles.ReadFully(source, buffer.AsSpan(0, wanted), position) < wanted)
                    {
                        throw new IOException($"'{part.Path}' ends before its {part.SizeBytes} bytes");
                    }

                    crc = Crc32C.Append(crc, buffer.AsSpan(0, wanted));
                    RandomAccess.Write(target, buffer.AsSpan(0, wanted), LocalObjectHeader.Size + length);
                    position += wanted;
                    length += wanted;
                }
            }

            return (length, crc);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed record Part(string Path, long SizeBytes);
}
