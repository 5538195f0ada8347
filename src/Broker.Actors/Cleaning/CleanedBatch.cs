namespace Broker.Actors.Cleaning;

/// <summary>What becomes of a batch.</summary>
internal enum BatchFate
{
    /// <summary>It stays as it is.</summary>
    Kept,

    /// <summary>It is replaced by one with fewer records, or with a delete horizon.</summary>
    Rewritten,

    /// <summary>None of its records stays; a header with its offsets takes its place.</summary>
    Emptied,

    /// <summary>None of its records stays, and nothing takes its place.</summary>
    Dropped,
}

/// <summary>A batch after its cleaning.</summary>
/// <param name="Bytes">
/// What is stored instead of it: the batch that was given when it is kept; else memory of the cleaner's, valid until its next batch;
/// nothing when it is dropped.
/// </param>
/// <param name="MaxTimestampMs">The greatest timestamp of its records, in milliseconds since 1970; -1 when there is none.</param>
internal readonly record struct CleanedBatch(BatchFate Fate, ReadOnlyMemory<byte> Bytes, long MaxTimestampMs);
