using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Broker.ObjectStore;

namespace Broker.TestSupport.Storage;

/// <summary>An object store in memory, with the semantics of the interface and nothing more. Thread-safe.</summary>
public sealed class InMemoryObjectStore : IObjectStore
{
    private readonly object _lock = new();
    private readonly SortedDictionary<string, Stored> _objects = new(Utf8Order.Instance);
    private readonly TimeProvider _time;
    private readonly List<Upload> _uploads = [];
    private long _writes;

    public InMemoryObjectStore(TimeProvider? time = null) => _time = time ?? TimeProvider.System;

    /// <summary>All keys, in order.</summary>
    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _objects.Keys];
            }
        }
    }

    /// <summary>The keys of uploads in parts that have not ended.</summary>
    public IReadOnlyList<string> UnfinishedUploads
    {
        get
        {
            lock (_lock)
            {
                return [.. _uploads.Select(upload => upload.Key.Value)];
            }
        }
    }

    /// <summary>Replaces the bytes of an object, as damage would.</summary>
    public void Damage(string key, Func<byte[], byte[]> change)
    {
        lock (_lock)
        {
            _objects[key] = _objects[key] with { Body = change((byte[])_objects[key].Body.Clone()) };
        }
    }

    /// <summary>The bytes of an object.</summary>
    public byte[] Read(string key)
    {
        lock (_lock)
        {
            return (byte[])_objects[key].Body.Clone();
        }
    }

    /// <summary>A store with the same objects.</summary>
    public InMemoryObjectStore Clone()
    {
        InMemoryObjectStore clone = new(_time);
        lock (_lock)
        {
            foreach ((string key, Stored stored) in _objects)
            {
                clone._objects[key] = stored;
            }

            clone._writes = _writes;
        }

        return clone;
    }

    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        byte[] bytes = body.ToArray();
        lock (_lock)
        {
            Stored? old = _objects.GetValueOrDefault(key.Value);
            bool holds = condition.Kind switch
            {
                PutConditionKind.IfAbsent => old is null,
                PutConditionKind.IfMatch => old is not null && old.ETag == condition.ETag,
                _ => true,
            };
            if (!holds)
            {
                return ValueTask.FromResult(PutResult.ConditionFailed);
            }

            string etag = (++_writes).ToString("x", CultureInfo.InvariantCulture);
            _objects[key.Value] = new Stored(bytes, etag, _time.GetUtcNow(), condition.WriteId);
            return ValueTask.FromResult(PutResult.Written(etag));
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_objects.TryGetValue(key.Value, out Stored? stored))
            {
                throw new StorageException(StorageErrorKind.NotFound, $"no object '{key}'");
            }

            (long offset, long length) = range.Resolve(key, stored.Body.Length);
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(stored.Body.AsSpan((int)offset, (int)length).ToArray());
        }
    }

    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_objects.TryGetValue(key.Value, out Stored? stored))
            {
                throw new StorageException(StorageErrorKind.NotFound, $"no object '{key}'");
            }

            (long offset, int length) = range.ResolveInto(key, stored.Body.Length, destinations.Sum(piece => (long)piece.Length));
            ReadOnlySpan<byte> left = stored.Body.AsSpan((int)offset, length);
            foreach (Memory<byte> piece in destinations)
            {
                int bytes = Math.Min(left.Length, piece.Length);
                left[..bytes].CopyTo(piece.Span);
                left = left[bytes..];
            }

            return ValueTask.FromResult(length);
        }
    }

    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            Stored? stored = _objects.GetValueOrDefault(key.Value);
            return ValueTask.FromResult(stored is null ? null : Info(key.Value, stored, withWriteId: true));
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        List<ObjectInfo> found = [];
        lock (_lock)
        {
            foreach ((string key, Stored stored) in _objects)
            {
                if (key.StartsWith(prefix, StringComparison.Ordinal)
                    && (startAfter is null || Utf8Order.Instance.Compare(key, startAfter) > 0))
                {
                    found.Add(Info(key, stored, withWriteId: false));
                }
            }
        }

        foreach (ObjectInfo info in found)
        {
            ct.ThrowIfCancellationRequested();
            yield return info;
        }
    }

    public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _objects.Remove(key.Value);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Upload upload = new(this, key, writeId);
        lock (_lock)
        {
            _uploads.Add(upload);
        }

        return ValueTask.FromResult<IMultipartUpload>(upload);
    }

    public async ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Upload[] matching;
        lock (_lock)
        {
            matching = [.. _uploads.Where(upload => upload.Key.Value.StartsWith(prefix, StringComparison.Ordinal) && abandoned(upload.Key))];
        }

        foreach (Upload upload in matching)
        {
            await upload.AbortAsync(ct);
        }

        return matching.Length;
    }

    private void Forget(Upload upload)
    {
        lock (_lock)
        {
            _uploads.Remove(upload);
        }
    }

    private static ObjectInfo Info(string key, Stored stored, bool withWriteId) => new(
        new ObjectKey(key),
        stored.Body.Length,
        stored.ETag,
        stored.Modified,
        withWriteId && stored.WriteId != Guid.Empty ? stored.WriteId : null);

    private sealed record Stored(byte[] Body, string ETag, DateTimeOffset Modified, Guid WriteId);

    private sealed class Utf8Order : IComparer<string>
    {
        internal static readonly Utf8Order Instance = new();

        public int Compare(string? x, string? y) => Encoding.UTF8.GetBytes(x!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y!));
    }

    private sealed class Upload(InMemoryObjectStore store, ObjectKey key, Guid writeId) : IMultipartUpload
    {
        private readonly SortedDictionary<int, byte[]> _parts = [];
        private bool _ended;

        internal ObjectKey Key => key;

        public ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
        {
            if (number is < 1 or > IMultipartUpload.MaxPartNumber)
            {
                throw new StorageException(StorageErrorKind.Invalid, $"part number {number}");
            }

            byte[] bytes = body.ToArray();
            lock (_parts)
            {
                RequireOpen();
                _parts[number] = bytes;
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
        {
            byte[] body;
            lock (_parts)
            {
                RequireOpen();
                if (_parts.Count == 0 || _parts.SkipLast(1).Any(part => part.Value.Length < IMultipartUpload.MinPartBytes))
                {
                    throw new StorageException(StorageErrorKind.Invalid, "no parts, or one that is too small");
                }

                _ended = true;
                body = [.. _parts.Values.SelectMany(part => part)];
            }

            store.Forget(this);
            return store.PutAsync(key, new ReadOnlySequence<byte>(body), condition.WithWriteId(writeId), ct);
        }

        public ValueTask AbortAsync(CancellationToken ct)
        {
            lock (_parts)
            {
                _ended = true;
                _parts.Clear();
            }

            store.Forget(this);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => AbortAsync(CancellationToken.None);

        private void RequireOpen()
        {
            if (_ended)
            {
                throw new StorageException(StorageErrorKind.Invalid, "the upload has ended");
            }
        }
    }
}
