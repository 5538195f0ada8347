namespace Broker.Actors.Cleaning;

/// <summary>What holds for batches of compacted topics.</summary>
internal static class CleaningLimits
{
    /// <summary>
    /// The most bytes that a batch's records may take when decompressed. 128 MiB: more than the largest request
    /// (<c>socket.request.max.bytes</c>) brings uncompressed, so it refuses nothing but batches that are made to expand.
    /// A batch is admitted to a compacted topic by the same bound by which it is cleaned.
    /// </summary>
    public const int MaxRecordsBytes = 128 << 20;
}
