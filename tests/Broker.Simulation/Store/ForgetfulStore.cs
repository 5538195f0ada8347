using System.Buffers;
using Broker.ObjectStore;

namespace Broker.Simulation.Store;

/// <summary>A store that acknowledges some PUTs and does nothing: every tenth of those under a prefix.</summary>
internal sealed class ForgetfulStore(IObjectStore inner, string prefix) : IObjectStore
{
    private const int ForgetsEvery = 10;

    private int _puts;

    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) =>
        key.Value.StartsWith(prefix, StringComparison.Ordinal) && ++_puts % ForgetsEvery == 0
            ? ValueTask.FromResult(PutResult.Written("forgotten"))
            : inner.PutAsync(key, body, condition, ct);

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => inner.GetAsync(key, range, ct);

    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
        inner.ReadAsync(key, range, destinations, ct);

    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string keyPrefix, string? startAfter, CancellationToken ct) => inner.ListAsync(keyPrefix, startAfter, ct);

    public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
}
