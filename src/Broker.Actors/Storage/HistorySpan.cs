using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.StreamObjects;

namespace Broker.Actors.Storage;

/// <summary>
/// What one read of a stream's history gathers: record batches one behind the other, from as many objects as it takes. Owns the blocks that
/// they lie in. Not thread-safe.
/// </summary>
internal sealed class HistorySpan(Offset from, int maxBytes) : IDisposable
{
    private readonly List<ReadOnlyMemory<byte>> _runs = [];
    private readonly List<ObjectReadResult> _parts = [];
    private long _heldBytes;
    private Action? _whenReleased;

    /// <summary>Bytes of the batches so far; beyond the bound only with the first batch alone (KIP-74).</summary>
    public long Bytes { get; private set; }

    /// <summary>What the bound leaves.</summary>
    public int RoomBytes => (int)Math.Max(0, maxBytes - Bytes);

    /// <summary>The offset after the last batch.</summary>
    public Offset Next { get; private set; } = from;

    /// <summary>Takes over what was read of the next object, up to <paramref name="end"/>; false when not all of that found room.</summary>
    public bool Add(ObjectReadResult part, Offset end)
    {
        List<ReadOnlyMemory<byte>> runs = BatchRuns.Slice(part.Blocks, Next, RoomBytes, out Offset next);
        long bytes = runs.Sum(run => (long)run.Length);
        if (_runs.Count > 0 && bytes > RoomBytes)
        {
            part.Dispose();
            return false;
        }

        _parts.Add(part);
        _runs.AddRange(runs);
        _heldBytes += part.SizeBytes;
        Bytes += bytes;

        // A section without blocks from here on ends in a gap.
        Next = part.Blocks.Count == 0 ? end : next;
        return Next >= end;
    }

    /// <summary>The batches; whoever gets them disposes this span.</summary>
    public HistoryRead ToRead() => new(Sequences.Of(_runs), this, _heldBytes, Next);

    /// <summary>What to do once the batches are on their way to the reader: what is loaded for later does not hold up what is wanted now.</summary>
    public void WhenReleased(Action action) => _whenReleased = action;

    public void Dispose()
    {
        _parts.ForEach(part => part.Dispose());
        Interlocked.Exchange(ref _whenReleased, null)?.Invoke();
    }
}
