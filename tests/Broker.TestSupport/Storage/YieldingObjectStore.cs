using System.Buffers;
using System.Runtime.CompilerServices;
using Broker.ObjectStore;

namespace Broker.TestSupport.Storage;

/// <summary>
/// Lets others run before a request reaches the store and before its answer comes back: under a simulation, any delay. How many
/// steps it waits each time is asked of <paramref name="steps"/>.
/// </summary>
public sealed class YieldingObjectStore(IObjectStore inner, Func<int> steps) : IObjectStore
{
    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        await PauseAsync();
        PutResult result = await inner.PutAsync(key, body, condition, ct);
        await PauseAsync();
        return result;
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        await PauseAsync();
        ReadOnlyMemory<byte> bytes = await inner.GetAsync(key, range, ct);
        await PauseAsync();
        return bytes;
    }

    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        await PauseAsync();
        int bytes = await inner.ReadAsync(key, range, destinations, ct);
        await PauseAsync();
        return bytes;
    }

    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        await PauseAsync();
        ObjectInfo? info = await inner.HeadAsync(key, ct);
        await PauseAsync();
        return info;
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        await PauseAsync();
        await foreach (ObjectInfo info in inner.ListAsync(prefix, startAfter, ct))
        {
            await Task.Yield();
            yield return info;
        }
    }

    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        await PauseAsync();
        await inner.DeleteAsync(key, ct);
        await PauseAsync();
    }

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);

    private async Task PauseAsync()
    {
        for (int left = steps(); left > 0; left--)
        {
            await Task.Yield();
        }
    }
}
