using System.Buffers;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Fakes;

/// <summary>A store whose data objects come damaged, or never come to be, when it is told so.</summary>
internal sealed class DamagingStore(IObjectStore inner) : ForwardingObjectStore(inner)
{
    private int _damagesNext;

    /// <summary>PUTs of data objects are answered as written, and are not.</summary>
    public volatile bool LosesData;

    /// <summary>Deletions of what lies under it fail.</summary>
    public volatile string? KeepsPrefix;

    /// <summary>How many of the next reads of data objects are damaged on their way.</summary>
    public int DamagesNext
    {
        get => Volatile.Read(ref _damagesNext);
        set => Volatile.Write(ref _damagesNext, value);
    }

    public override async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        byte[] bytes = (await base.GetAsync(key, range, ct)).ToArray();
        Damage(key, bytes);
        return bytes;
    }

    public override async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        int read = await base.ReadAsync(key, range, destinations, ct);
        Damage(key, destinations[0].Span[..Math.Min(read, destinations[0].Length)]);
        return read;
    }

    public override ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) =>
        LosesData && IsData(key) ? ValueTask.FromResult(PutResult.Written("lost")) : base.PutAsync(key, body, condition, ct);

    public override ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) =>
        KeepsPrefix is { } prefix && key.Value.StartsWith(prefix, StringComparison.Ordinal)
            ? throw new StorageException(StorageErrorKind.Unavailable, $"'{key}' cannot be deleted")
            : base.DeleteAsync(key, ct);

    private static bool IsData(ObjectKey key) => key.Value.StartsWith(DataKeys.Prefix, StringComparison.Ordinal);

    private void Damage(ObjectKey key, Span<byte> bytes)
    {
        if (IsData(key) && bytes.Length > 0 && Interlocked.Decrement(ref _damagesNext) >= 0)
        {
            bytes[bytes.Length / 2] ^= 1;
        }
    }
}
