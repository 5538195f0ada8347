using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>
/// Brings back what the write-ahead log holds and the object store does not, into the log cache.
///
/// R1. A record counts only if it begins exactly where its stream ends, or below: then it replaces what was there from
///     its base offset on, whether or not it is itself uploaded. What leaves a gap was numbered after a refused append
///     and never acknowledged.
/// R2. What lies below the stream's uploaded end, or belongs to a stream that is deleted, is dropped.
/// R3. What is dropped and was neither uploaded nor numbered anew by its own writer is counted apart: acknowledged records may be
///     among it.
/// R4. A record whose payload is damaged keeps its offsets, and is kept as damaged: reads of it fail, those of all others do not.
/// </summary>
internal sealed class WalRecovery(MetadataImage image, BufferPool buffers)
{
    private readonly Dictionary<StreamId, List<Recovered>> _byStream = [];
    private int _order;
    private WalPosition _last = WalPosition.None;

    /// <summary>Record batches that were dropped because of R1 or R2.</summary>
    public int DroppedBatches { get; private set; }

    /// <summary>Those of the dropped ones that are not accounted for (R3).</summary>
    public LeftOutBatches LeftOut { get; } = new();

    /// <summary>Those kept of whose payload is damaged (R4).</summary>
    public IReadOnlyList<(StreamId Stream, CachedBatch Batch)> Damaged { get; private set; } = [];

    /// <summary>Reads the log and fills the cache.</summary>
    /// <returns>The number of record batches brought back.</returns>
    public async ValueTask<int> RunAsync(IWriteAheadLog wal, LogCache cache, CancellationToken cancellation)
    {
        await foreach (WalRecoveredRecord recovered in wal.RecoverAsync(cancellation))
        {
            Take(recovered);
            _last = recovered.Position;
        }

        // What needs no upload goes without waiting for one: it may be all that fits the log. What nobody can account for stays a while, to be looked at.
        Recovered[] inOrder = [.. _byStream.Values.SelectMany(records => records).OrderBy(record => record.Order)];
        cache.StartAfter(TrimmableUpTo(inOrder));
        Damaged = [.. inOrder.Where(record => record.Batch.Damage is not null).Select(record => (record.Stream, record.Batch))];
        foreach (Recovered record in inOrder)
        {
            cache.Append(record.Stream, record.Batch);
        }

        return inOrder.Length;
    }

    private WalPosition TrimmableUpTo(Recovered[] kept)
    {
        WalPosition end = kept is [{ Batch.Position: var first }, ..] ? new WalPosition(first.Value - 1) : _last;
        return LeftOut.First is { } leftOut && leftOut <= end ? new WalPosition(leftOut.Value - 1) : end;
    }

    private void Take(in WalRecoveredRecord recovered)
    {
        WalRecord record = recovered.Record;
        if (image.FindStream(record.Stream) is not { } stream)
        {
            DroppedBatches++;
            return;
        }

        LeftOut.Supersede(record);
        if (!_byStream.TryGetValue(record.Stream, out List<Recovered>? kept))
        {
            _byStream[record.Stream] = kept = [];
        }

        while (kept.Count > 0 && kept[^1].Batch.BaseOffset >= record.BaseOffset)
        {
            kept[^1].Batch.Lease.Release();
            kept.RemoveAt(kept.Count - 1);
            DroppedBatches++;
        }

        // An uploaded record, too, has by now replaced what was numbered in its place before it.
        Offset end = kept.Count > 0 ? kept[^1].Batch.LastOffset + 1 : stream.EndOffset;
        if (record.LastOffset < stream.EndOffset || record.BaseOffset != end)
        {
            DroppedBatches++;
            LeftOut.Add(recovered.Position, record, stream);
            return;
        }

        kept.Add(new Recovered(_order++, record.Stream, Copy(recovered)));
    }

    private CachedBatch Copy(in WalRecoveredRecord recovered)
    {
        WalRecord record = recovered.Record;
        BufferLease lease = buffers.Rent(record.Payload.Length);
        record.Payload.CopyTo(lease.Memory);
        return new CachedBatch(record.BaseOffset, record.LastOffset, record.Epoch, record.MaxTimestampMs, lease.Memory, record.PayloadCrc, lease, recovered.Position) { Damage = recovered.Damage };
    }

    private readonly record struct Recovered(int Order, StreamId Stream, CachedBatch Batch);
}
