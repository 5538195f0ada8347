using System.Buffers;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>Holds back the PUTs of data entries (not of fences and boundaries) until it is let go.</summary>
internal sealed class HeldObjectStore(IObjectStore inner, Task release) : IObjectStore
{
    /// <summary>Until this completes, HEADs are held back.</summary>
    public Task Heads { get; set; } = Task.CompletedTask;

    /// <summary>Until this completes, GETs of slots are held back.</summary>
    public Task GetsOfSlots { get; init; } = Task.CompletedTask;

    public int GetsOfSlotsBegun { get; private set; }

    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        if (body.Length > LogFrame.HeaderBytes && !key.Value.EndsWith("boundary", StringComparison.Ordinal))
        {
            await release;
        }

        return await inner.PutAsync(key, body, condition, ct);
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        if (!key.Value.EndsWith("boundary", StringComparison.Ordinal))
        {
            GetsOfSlotsBegun++;
            await GetsOfSlots;
        }

        return await inner.GetAsync(key, range, ct);
    }

    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
        inner.ReadAsync(key, range, destinations, ct);

    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        await Heads;
        return await inner.HeadAsync(key, ct);
    }

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => inner.ListAsync(prefix, startAfter, ct);

    public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
}
