namespace Broker.ObjectStore.Compaction;

/// <summary>When objects are compacted, and into what.</summary>
public sealed record CompactionOptions
{
    /// <summary>
    /// Objects of about one size that make one larger one. Each byte is written again once for each time that its object grows by this factor: from 8 MiB to
    /// 1 GiB three times. Fewer would be merged more often, more would let more small ones stand.
    /// </summary>
    public int FanIn { get; init; } = 8;

    /// <summary>Objects below it are all of one size, the smallest.</summary>
    public long SmallestBytes { get; init; } = 8 << 20;

    /// <summary>What a stream must bring, in bytes, to get an object of its own: a reader of it then reads nothing else, and the object goes when its records go.</summary>
    public long StreamObjectBytes { get; init; } = 16 << 20;

    /// <summary>The most that one object is made of. Kafka's largest segment, by default: what retention can let go at a time.</summary>
    public long MaxObjectBytes { get; init; } = 1 << 30;

    /// <summary>Objects that are younger are left alone: those who follow the log read them, and topics may end before they are worth it.</summary>
    public TimeSpan MinAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes that nothing refers to any more, in objects that are mostly such, from which these are rewritten to be rid of them.</summary>
    public long DeadBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of one GET of a source. Of each source so many are in memory.</summary>
    public int ReadBytes { get; init; } = 4 << 20;

    /// <summary>Bytes of one PUT: an object up to this is put at once, a larger one in parts. So many are in memory.</summary>
    public int PartBytes { get; init; } = 16 << 20;
}

/// <summary>What neighbouring ranges of a stream may become at most, so that retention still finds pieces to let go.</summary>
/// <param name="MaxBytes">Kafka's <c>segment.bytes</c>.</param>
/// <param name="MaxSpan">The time between its first and its last records: Kafka's <c>segment.ms</c>.</param>
public readonly record struct RunLimits(long MaxBytes, TimeSpan MaxSpan);
