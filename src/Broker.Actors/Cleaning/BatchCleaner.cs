using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Cleaning;

/// <summary>
/// The second of a cleaning's two passes: decides for each record of the log, from its start to the end of the map, whether
/// it stays, and makes the batches without those that go.
///
/// D1. A record stays when the map has no greater offset of its key, and keeps its offset, timestamp and headers. Records
///     from the map's end on stay in any case.
/// D2. A tombstone that is the latest of its key stays until its batch's delete horizon. The first cleaning that meets it
///     sets that horizon, <c>delete.retention.ms</c> ahead (KIP-534): readers that are no further behind see the deletion.
/// D3. A record without a key goes: it is of a time when the topic was not compacted, and says nothing about a key.
/// D4. Batches keep their first and last offset, so offsets, sequences and epochs mean what they meant.
///
/// A tombstone may go only because the same cleaning, or an earlier one, drops all earlier records of its key. So what is
/// cleaned in one go begins at the log's start, ends at the map's end, and becomes visible in the order of offsets.
/// Control batches stay; to drop those of transactions whose records are all gone belongs here too.
/// </summary>
/// <param name="map">Of the records up to <paramref name="mapEnd"/> that were not cleaned before.</param>
/// <param name="mapEnd"><see cref="KeyScan.End"/>.</param>
/// <param name="nowMs">The time of the cleaning, in milliseconds since 1970.</param>
/// <param name="deleteRetentionMs">The topic's <c>delete.retention.ms</c>.</param>
internal sealed class BatchCleaner(OffsetMap map, Offset mapEnd, long nowMs, long deleteRetentionMs) : IDisposable
{
    private readonly RecordUnpacker _unpacker = new(CleaningLimits.MaxRecordsBytes);
    private readonly RecordBatchRewriter _rewriter = new();
    private readonly BoundedBuffer _output = new(Array.MaxLength - 1);
    private readonly List<bool> _stays = [];

    /// <summary>Records that were decided about.</summary>
    public long RecordsRead { get; private set; }

    /// <summary>Those of them that stay.</summary>
    public long RecordsKept { get; private set; }

    /// <summary>Cleans one stored batch.</summary>
    /// <param name="keepsOffsets">Whether, when no record stays, a batch with its offsets does: for the last batch of what is stored together, and the last of a producer.</param>
    /// <exception cref="StorageException">The batch cannot be read (<see cref="UnreadableBatch"/>).</exception>
    public CleanedBatch Clean(ReadOnlyMemory<byte> batch, bool keepsOffsets)
    {
        RecordBatchView view = new(batch.Span);
        try
        {
            return Clean(batch, view, keepsOffsets);
        }
        catch (ProtocolException cause)
        {
            throw UnreadableBatch.At(view.BaseOffset, cause);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _unpacker.Dispose();
        _rewriter.Dispose();
        _output.Dispose();
    }

    private CleanedBatch Clean(ReadOnlyMemory<byte> batch, in RecordBatchView view, bool keepsOffsets)
    {
        if (view.IsControl || view.BaseOffset >= mapEnd.Value || (view.RecordCount == 0 && keepsOffsets))
        {
            RecordsRead += view.RecordCount;
            RecordsKept += view.RecordCount;
            return new CleanedBatch(BatchFate.Kept, batch[..view.WholeBatch.Length], view.MaxTimestamp);
        }

        ReadOnlySpan<byte> records = _unpacker.Unpack(batch.Span);
        (int kept, bool hasTombstone) = Decide(view, records);
        RecordsRead += view.RecordCount;
        RecordsKept += kept;
        if (kept == 0 && !keepsOffsets)
        {
            return new CleanedBatch(BatchFate.Dropped, default, -1);
        }

        // The horizon of a tombstone beyond the map waits for the cleaning that drops what it deletes, and a batch has but one.
        bool needsHorizon = hasTombstone && !view.HasDeleteHorizon && view.NextOffset <= mapEnd.Value;
        return kept > 0 && kept == view.RecordCount && !needsHorizon
            ? new CleanedBatch(BatchFate.Kept, batch[..view.WholeBatch.Length], view.MaxTimestamp)
            : Rewrite(view, records, needsHorizon);
    }

    private (int Kept, bool HasTombstone) Decide(in RecordBatchView view, ReadOnlySpan<byte> records)
    {
        _stays.Clear();
        int kept = 0;
        bool hasTombstone = false;
        bool tombstonesGo = view.HasDeleteHorizon && nowMs >= view.BaseTimestamp;
        foreach (RecordSlice record in new RecordSlices(view, records))
        {
            Offset offset = new(view.BaseOffset + record.OffsetDelta);
            bool stays = offset >= mapEnd || (record.HasKey && (record.HasValue || !tombstonesGo) && !(map.Find(record.Key) > offset));
            kept += stays ? 1 : 0;
            hasTombstone |= stays && !record.HasValue;
            _stays.Add(stays);
        }

        return (kept, hasTombstone);
    }

    private CleanedBatch Rewrite(in RecordBatchView view, ReadOnlySpan<byte> records, bool needsHorizon)
    {
        if (needsHorizon)
        {
            // A retention without end is a horizon that never comes.
            long horizonMs = deleteRetentionMs > long.MaxValue - nowMs ? long.MaxValue : nowMs + deleteRetentionMs;
            _rewriter.Begin(view.WholeBatch, horizonMs);
        }
        else
        {
            _rewriter.Begin(view.WholeBatch);
        }

        int index = 0;
        int kept = 0;
        foreach (RecordSlice record in new RecordSlices(view, records))
        {
            if (_stays[index++])
            {
                _rewriter.Keep(record);
                kept++;
            }
        }

        _output.Clear();
        _rewriter.WriteTo(_output);
        return new CleanedBatch(kept > 0 ? BatchFate.Rewritten : BatchFate.Emptied, _output.WrittenMemory, new RecordBatchView(_output.WrittenSpan).MaxTimestamp);
    }
}
