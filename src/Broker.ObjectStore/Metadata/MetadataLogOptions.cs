namespace Broker.ObjectStore.Metadata;

/// <summary>How a <see cref="MetadataLog"/> is opened.</summary>
public sealed record MetadataLogOptions
{
    /// <summary>The prefix of the log's objects.</summary>
    public string LogPrefix { get; init; } = "meta/log";

    /// <summary>The prefix of the snapshots.</summary>
    public string SnapshotPrefix { get; init; } = "meta/snapshot";

    /// <summary>
    /// Commits between two snapshots. 1,000: an opening replays at most twice as many (eight at a time: some seconds on S3), and at
    /// ten commits a second there is a snapshot every 100 s.
    /// </summary>
    public int SnapshotEveryCommits { get; init; } = 1_000;

    /// <summary>Bytes of commits between two snapshots. 16 MiB: a snapshot of 100,000 objects has about as much.</summary>
    public long SnapshotEveryBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// Whether commits write the snapshots that are due themselves. False: the caller does it (<see cref="MetadataLog.SnapshotAsync"/>), when
    /// it suits it, but before the log grows long.
    /// </summary>
    public bool SnapshotOnCommit { get; init; } = true;

    /// <summary>See <see cref="ConditionalLogOptions.KnownSlots"/>: those up to the newest commit that somebody has seen.</summary>
    public long KnownSlots { get; init; }

    /// <summary>The lowest coordinator epoch to take.</summary>
    public long MinEpoch { get; init; } = 1;

    /// <summary>See <see cref="ConditionalLogOptions.ResolveTimeout"/>.</summary>
    public TimeSpan ResolveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Dates commits, and times pauses.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names the writer, its PUTs, and a new cluster.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>Seeds the jitter of pauses.</summary>
    public int JitterSeed { get; init; }
}
