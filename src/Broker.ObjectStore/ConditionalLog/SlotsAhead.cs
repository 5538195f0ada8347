using System.Collections.Concurrent;

namespace Broker.ObjectStore;

/// <summary>
/// Slots of a log that have been read, by one who may have to read the log (again) soon. They are what a later reading finds: a slot is written once, and deleted only below the log's
/// boundary, which each reading looks at before and after. Thread-safe.
/// </summary>
/// <param name="maxBytes">How much of the log is kept, from where its first reading began.</param>
public sealed class SlotsAhead(long maxBytes)
{
    private readonly ConcurrentDictionary<long, LogFrame> _frames = new();
    private long _keptBytes;
    private volatile bool _isFull;

    /// <summary>How many there are.</summary>
    public int Count => _frames.Count;

    /// <summary>No more are kept.</summary>
    public bool IsFull => _isFull;

    internal LogFrame? Find(long slot) => _frames.GetValueOrDefault(slot);

    // A damaged one is read again: what is stored may be better than what came over.
    internal void Keep(LogFrame frame)
    {
        if (_isFull || frame.IsDamaged || !_frames.TryAdd(frame.Slot, frame))
        {
            return;
        }

        if (Interlocked.Add(ref _keptBytes, frame.Payload.Length + LogFrame.HeaderBytes) > maxBytes)
        {
            _isFull = true;
            _frames.TryRemove(frame.Slot, out _);
        }
    }
}
