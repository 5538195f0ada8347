namespace Broker.ObjectStore;

/// <summary>
/// A place in a conditional log from which it can be replayed: the next slot, and who owned the log there (which decides what the
/// entries after it are worth). Kept in snapshots.
/// </summary>
/// <param name="NextSlot">The slot after the last one that was read or written.</param>
/// <param name="Epoch">The epoch of the last valid fence before it; 0 = none.</param>
/// <param name="WriterId">The writer of that fence; empty = none.</param>
/// <param name="IsInterrupted">
/// Whether that writer has lost a slot since, so that its later entries are void. Never so right after a valid entry, and only such
/// positions are stored.
/// </param>
public readonly record struct LogPosition(long NextSlot, long Epoch, Guid WriterId, bool IsInterrupted = false)
{
    /// <summary>The beginning of an empty log.</summary>
    public static LogPosition Start => default;
}

/// <summary>One valid entry of a conditional log.</summary>
/// <param name="Slot">Where it lies.</param>
/// <param name="Payload">What the writer appended.</param>
/// <param name="Next">The position after it.</param>
public readonly record struct LogEntry(long Slot, ReadOnlyMemory<byte> Payload, LogPosition Next)
{
    /// <summary>The entry counts, and its checksum does not match. Only where <see cref="ConditionalLogOptions.ShowsDamagedEntries"/>.</summary>
    public bool IsDamaged { get; init; }
}
