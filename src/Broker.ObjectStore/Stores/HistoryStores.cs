using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>The view of a store by which history is read: at the pace that producers leave it.</summary>
public sealed class HistoryObjectStore(IObjectStore inner, HistoryPace pace) : ForwardingObjectStore(inner)
{
    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        await pace.BeginReadAsync(destinations.Sum(memory => (long)memory.Length), ct);
        try
        {
            return await base.ReadAsync(key, range, destinations, ct);
        }
        finally
        {
            pace.ReadEnded();
        }
    }
}

/// <summary>The view of a store by which the write-ahead log writes: how long its PUTs take sets the pace of history.</summary>
public sealed class TimedObjectStore(IObjectStore inner, HistoryPace pace, TimeProvider clock) : ForwardingObjectStore(inner)
{
    /// <inheritdoc/>
    public override async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        long began = clock.GetTimestamp();
        PutResult result = await base.PutAsync(key, body, condition, ct);

        // One whose outcome is not known hung, or met a fault: that says nothing of the reads beside it.
        if (result.Outcome != PutOutcome.Unknown)
        {
            pace.PutEnded(began);
        }

        return result;
    }
}
