using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>A record batch of the write-ahead log that recovery leaves out.</summary>
internal readonly record struct LeftOutBatch(WalPosition Position, StreamId Stream, LeaderEpoch Epoch, Offset BaseOffset, Offset LastOffset);

/// <summary>
/// Judges what recovery leaves out of one log (R3). A batch is accounted for when the records that were uploaded in its place are of its
/// leader epoch, or when a later batch of the same log begins at or below it: then this node gave its numbers away itself, after a
/// refused append. (A log is trimmed from its front, so what followed a batch is still there when the batch is.)
/// </summary>
internal sealed class LeftOutBatches
{
    private readonly Dictionary<StreamId, List<(LeftOutBatch Batch, bool IsConflict)>> _suspects = [];

    /// <summary>What others' records have taken the place of.</summary>
    public IReadOnlyList<LeftOutBatch> Conflicting => [.. Suspects(isConflict: true)];

    /// <summary>What lies behind records that are nowhere.</summary>
    public IReadOnlyList<LeftOutBatch> BehindGaps => [.. Suspects(isConflict: false)];

    /// <summary>Where the first of either kind lies in the log; null when there is none.</summary>
    public WalPosition? First => _suspects.Values.SelectMany(suspects => suspects).Select(suspect => (WalPosition?)suspect.Batch.Position).Min();

    /// <summary>The log goes on with this record, left out or not.</summary>
    public void Supersede(in WalRecord by)
    {
        Offset from = by.BaseOffset;
        if (_suspects.TryGetValue(by.Stream, out List<(LeftOutBatch Batch, bool IsConflict)>? earlier))
        {
            earlier.RemoveAll(suspect => suspect.Batch.BaseOffset >= from);
        }
    }

    /// <summary>This record is left out.</summary>
    /// <param name="position">Where it lies in the log.</param>
    /// <param name="record">The record.</param>
    /// <param name="stream">Its stream, as far as it is uploaded.</param>
    public void Add(WalPosition position, in WalRecord record, StreamState stream)
    {
        bool isBelowEnd = record.BaseOffset < stream.EndOffset;
        if (isBelowEnd && record.LastOffset < stream.EndOffset && EpochAt(stream, record.BaseOffset) is var epoch && (epoch is null || epoch == record.Epoch))
        {
            return;
        }

        if (!_suspects.TryGetValue(record.Stream, out List<(LeftOutBatch Batch, bool IsConflict)>? suspects))
        {
            _suspects[record.Stream] = suspects = [];
        }

        suspects.Add((new LeftOutBatch(position, record.Stream, record.Epoch, record.BaseOffset, record.LastOffset), isBelowEnd));
    }

    // Null: before what the history still tells.
    private static LeaderEpoch? EpochAt(StreamState stream, Offset offset)
    {
        LeaderEpoch? epoch = null;
        foreach (EpochStart start in stream.EpochHistory)
        {
            if (start.StartOffset > offset)
            {
                break;
            }

            epoch = start.Epoch;
        }

        return epoch;
    }

    private IEnumerable<LeftOutBatch> Suspects(bool isConflict) => _suspects
        .OrderBy(pair => pair.Key)
        .SelectMany(pair => pair.Value)
        .Where(suspect => suspect.IsConflict == isConflict)
        .Select(suspect => suspect.Batch);
}
