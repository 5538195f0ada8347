using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>
/// Brings back what write-ahead logs hold and the object store does not, into the log cache: at a start the node's own log, and of logs of others what
/// this node is to lead.
///
/// R1. Of one stream, records count in the order of their leader epochs, and within one as they lie in its log. One counts only if it begins exactly where its stream ends,
///     or below: then it replaces what was there from its base offset on, whether or not it is itself uploaded. What leaves a gap was numbered after a refused append
///     and never acknowledged.
/// R2. What lies below the stream's uploaded end, or belongs to a stream that is deleted, is dropped.
/// R3. What is dropped and was neither uploaded nor numbered anew by its own writer is counted apart: acknowledged records may be
///     among it.
/// R4. A record whose payload is damaged keeps its offsets, and is kept as damaged: reads of it fail, those of all others do not.
/// </summary>
/// <param name="image">The metadata.</param>
/// <param name="buffers">Where records are kept.</param>
/// <param name="only">The streams that are brought back; null: all.</param>
internal sealed class WalRecovery(MetadataImage image, BufferPool buffers, IReadOnlySet<StreamId>? only = null)
{
    private readonly Dictionary<StreamId, List<Found>> _found = [];
    private int _order;
    private WalPosition _lastOwn = WalPosition.None;

    /// <summary>Record batches that were dropped because of R1 or R2.</summary>
    public int DroppedBatches { get; private set; }

    /// <summary>Those of the own log among the dropped ones that are not accounted for (R3).</summary>
    public LeftOutBatches LeftOut { get; } = new();

    /// <summary>Those of other logs.</summary>
    public LeftOutBatches LeftOutOfOthers { get; } = new();

    /// <summary>Those kept of whose payload is damaged (R4).</summary>
    public IReadOnlyList<(StreamId Stream, CachedBatch Batch)> Damaged { get; private set; } = [];

    /// <summary>Reads the node's own log and fills the cache with it.</summary>
    /// <returns>The number of record batches brought back.</returns>
    public async ValueTask<int> RunAsync(IWriteAheadLog wal, LogCache cache, CancellationToken cancellation)
    {
        await ReadAsync(wal.RecoverAsync(cancellation), isOwn: true, cancellation);
        return Fill(cache);
    }

    /// <summary>Reads a log. The own one is read once at most.</summary>
    /// <exception cref="StorageException">As the log says.</exception>
    public async ValueTask ReadAsync(IAsyncEnumerable<WalRecoveredRecord> log, bool isOwn, CancellationToken cancellation)
    {
        await foreach (WalRecoveredRecord recovered in log.WithCancellation(cancellation))
        {
            Take(recovered, isOwn);
            _lastOwn = isOwn ? recovered.Position : _lastOwn;
        }
    }

    /// <summary>Puts what counts into an empty cache, and says what of the own log may be trimmed. Nothing is read after it.</summary>
    /// <returns>The number of record batches brought back.</returns>
    public int Fill(LogCache cache)
    {
        Kept[] kept = [.. Judge()];

        // What needs no upload goes without waiting for one: it may be all that fits the log. What nobody can account for stays a while, to be looked at.
        cache.StartAfter(TrimmableUpTo(kept));
        Put(kept, cache);
        return kept.Length;
    }

    /// <summary>What counts (R1, R2): of other logs stream by stream, then of the own one in its order. Nothing is read after it.</summary>
    public IReadOnlyList<Kept> Judge()
    {
        ILookup<bool, Kept> isOwn = _found.OrderBy(one => one.Key).SelectMany(one => Judge(image.FindStream(one.Key)!, one.Value)).ToLookup(one => one.IsOwn);
        Kept[] kept = [.. isOwn[false], .. isOwn[true].OrderBy(one => one.Order)];
        _found.Clear();
        Damaged = [.. kept.Where(one => one.Batch.Damage is not null).Select(one => (one.Stream, one.Batch))];
        return kept;
    }

    /// <summary>Adds what counts to a cache.</summary>
    public static void Put(IEnumerable<Kept> kept, LogCache cache)
    {
        foreach (Kept one in kept)
        {
            if (one.IsOwn)
            {
                cache.Append(one.Stream, one.Batch);
            }
            else
            {
                cache.Adopt(one.Stream, one.Batch);
            }
        }
    }

    private WalPosition TrimmableUpTo(Kept[] kept)
    {
        WalPosition end = kept.FirstOrDefault(one => one.IsOwn) is { Batch.Lease: not null } first ? new WalPosition(first.Batch.Position.Value - 1) : _lastOwn;
        return LeftOut.First is { } leftOut && leftOut <= end ? new WalPosition(leftOut.Value - 1) : end;
    }

    private void Take(in WalRecoveredRecord recovered, bool isOwn)
    {
        WalRecord record = recovered.Record;
        if (only is not null && !only.Contains(record.Stream))
        {
            return;
        }

        if (image.FindStream(record.Stream) is not { } stream)
        {
            DroppedBatches++;
            return;
        }

        if (!_found.TryGetValue(record.Stream, out List<Found>? found))
        {
            _found[record.Stream] = found = [];
        }

        // Of what is uploaded the offsets count, and nothing else.
        CachedBatch? batch = record.LastOffset < stream.EndOffset ? null : Copy(recovered);
        found.Add(new Found(_order++, isOwn, recovered.Position, record with { Payload = default }, batch));
    }

    private List<Kept> Judge(StreamState stream, List<Found> found)
    {
        List<Kept> kept = [];
        foreach (Found one in found.OrderBy(one => one.Record.Epoch))
        {
            WalRecord record = one.Record;
            LeftOut.Supersede(record);
            LeftOutOfOthers.Supersede(record);
            while (kept.Count > 0 && kept[^1].Batch.BaseOffset >= record.BaseOffset)
            {
                kept[^1].Batch.Lease.Release();
                kept.RemoveAt(kept.Count - 1);
                DroppedBatches++;
            }

            // An uploaded record, too, has by now replaced what was numbered in its place before it.
            Offset end = kept.Count > 0 ? kept[^1].Batch.LastOffset + 1 : stream.EndOffset;
            if (one.Batch is { } batch && record.BaseOffset == end)
            {
                kept.Add(new Kept(one.Order, one.IsOwn, record.Stream, batch));
                continue;
            }

            one.Batch?.Lease.Release();
            DroppedBatches++;
            (one.IsOwn ? LeftOut : LeftOutOfOthers).Add(one.Position, record, stream);
        }

        return kept;
    }

    private CachedBatch Copy(in WalRecoveredRecord recovered)
    {
        WalRecord record = recovered.Record;
        BufferLease lease = buffers.Rent(record.Payload.Length);
        record.Payload.CopyTo(lease.Memory);
        return new CachedBatch(record.BaseOffset, record.LastOffset, record.Epoch, record.MaxTimestampMs, lease.Memory, record.PayloadCrc, lease, recovered.Position) { Damage = recovered.Damage };
    }

    /// <summary>A record batch that counts, with a reference to its memory.</summary>
    internal readonly record struct Kept(int Order, bool IsOwn, StreamId Stream, CachedBatch Batch);

    private readonly record struct Found(int Order, bool IsOwn, WalPosition Position, WalRecord Record, CachedBatch? Batch);
}
