namespace Broker.Crash.History;

/// <summary>One record by what makes it unique: who sent it, and as the how-manieth.</summary>
public readonly record struct RecordId(int Producer, long Sequence);

/// <summary>A place in the log.</summary>
public readonly record struct Position(int Partition, long Offset);

/// <summary>What one producer did: how many records it sent, and where the acknowledged ones were said to be.</summary>
public sealed record ProducerHistory(int Producer, long Sent, IReadOnlyDictionary<long, Position> Acknowledged);

/// <summary>A partition as it was found at the end: its offsets' range and its records in the order read.</summary>
/// <param name="Low">The first offset.</param>
/// <param name="High">The offset after the last one.</param>
/// <param name="Records">Offset and identity of each record.</param>
public sealed record StoredPartition(long Low, long High, IReadOnlyList<(long Offset, RecordId Id)> Records);

/// <summary>What happened to a group's committed offset, in the order in which its one member saw it happen.</summary>
public enum CommitStep
{
    /// <summary>A commit was sent; it may or may not take effect.</summary>
    Attempted,

    /// <summary>A commit was acknowledged.</summary>
    Acknowledged,

    /// <summary>The committed offset was asked for, and this was the answer.</summary>
    Fetched,
}

/// <summary>One step in the life of a committed offset.</summary>
public readonly record struct CommitEvent(CommitStep Step, int Partition, long Offset);

/// <summary>All that clients know of a run, and all that the broker holds at its end.</summary>
/// <param name="Partitions">Number of partitions; record s of a producer was sent to partition s mod this.</param>
/// <param name="Producers">One history for each producer.</param>
/// <param name="Seen">Records that a consumer received while the broker was being killed.</param>
/// <param name="Commits">The group's commits, in order.</param>
/// <param name="Stored">What was read at the end, by partition.</param>
public sealed record RunHistory(
    int Partitions,
    IReadOnlyList<ProducerHistory> Producers,
    IReadOnlyList<(Position Position, RecordId Id)> Seen,
    IReadOnlyList<CommitEvent> Commits,
    IReadOnlyDictionary<int, StoredPartition> Stored);
