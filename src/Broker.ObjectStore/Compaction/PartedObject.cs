using System.Buffers;

namespace Broker.ObjectStore.Compaction;

/// <summary>
/// An object that is written from its beginning to its end: at once when it is small, in parts otherwise. Its key must be nobody else's, ever: the write is
/// unconditional, and may be repeated. Disposed before it is complete it leaves nothing behind, as far as the store can be reached. Not thread-safe.
/// </summary>
/// <param name="store">Where it goes.</param>
/// <param name="key">Its key.</param>
/// <param name="expectedBytes">What it will take, more or less: the memory to begin with.</param>
/// <param name="partBytes">A part, <see cref="IMultipartUpload.MinPartBytes"/> at least, and the most that is kept in memory.</param>
/// <param name="pace">Called with the bytes that were written.</param>
internal sealed class PartedObject(IObjectStore store, ObjectKey key, long expectedBytes, int partBytes, Func<long, CancellationToken, Task> pace) : IAsyncDisposable
{
    private const int LeastBytes = 4 << 10;
    private byte[] _part = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(expectedBytes, LeastBytes, partBytes));
    private IMultipartUpload? _upload;
    private int _filled;
    private int _parts;

    /// <summary>Copies bytes; full parts are sent.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
        {
            if (_filled == partBytes)
            {
                await SendPartAsync(ct);
            }
            else if (_filled == _part.Length)
            {
                Array.Resize(ref _part, (int)Math.Min(2L * _part.Length, partBytes));
            }

            int count = Math.Min(bytes.Length, _part.Length - _filled);
            bytes[..count].CopyTo(_part.AsMemory(_filled));
            _filled += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Makes the object.</summary>
    /// <exception cref="StorageException">As the store says; Unavailable when it may or may not be there.</exception>
    public async ValueTask CompleteAsync(CancellationToken ct)
    {
        PutResult result;
        if (_upload is null)
        {
            result = await store.PutAsync(key, new ReadOnlySequence<byte>(_part, 0, _filled), PutCondition.None, ct);
            await pace(_filled, ct);
        }
        else
        {
            await SendPartAsync(ct);
            result = await _upload.CompleteAsync(PutCondition.None, ct);
        }

        if (result.Outcome != PutOutcome.Written)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"the outcome of putting {key} was {result.Outcome}");
        }
    }

    public ValueTask DisposeAsync() => _upload?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async ValueTask SendPartAsync(CancellationToken ct)
    {
        _upload ??= await store.StartMultipartAsync(key, Guid.Empty, ct);
        await _upload.UploadPartAsync(++_parts, new ReadOnlySequence<byte>(_part, 0, _filled), ct);
        await pace(_filled, ct);
        _filled = 0;
    }
}
