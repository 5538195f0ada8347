namespace Broker.ObjectStore;

/// <summary>When a <see cref="HedgedObjectStore"/> asks a second time.</summary>
public sealed record HedgedObjectStoreOptions
{
    /// <summary>Of reads. Where nobody knows yet what is usual, half a second, which no store takes for most of them: what a partition needs to open is among the first.</summary>
    public LateRequestOptions Reads { get; init; } = new() { FirstDelay = TimeSpan.FromMilliseconds(500) };

    /// <summary>
    /// Reads of more bytes are not hedged: a second copy of them takes memory and bandwidth, and their time is in the bytes, not in the waiting. 8 MiB:
    /// beyond any block.
    /// </summary>
    public int MaxReadBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Of conditional PUTs, which cost ten times as much: later than reads, three times the time that is usual for all but the slowest, and not before 100 ms, below which nobody waits for one
    /// PUT. Where nobody knows yet what is usual, after a second. 10 in 100, and 20 in a row: three in a hundred that stand, some of their second ones as well, and on a busy machine others that are just slow;
    /// more are late where the store is slow as a whole, and then it is no use.
    /// </summary>
    public LateRequestOptions Puts { get; init; } = new() { Factor = 3, MinDelay = TimeSpan.FromMilliseconds(100), FirstDelay = TimeSpan.FromSeconds(1), MaxShare = 0.1, MaxBurst = 20 };

    /// <summary>PUTs of more bytes are not hedged: see <see cref="MaxReadBytes"/>. 8 MiB: the largest slot of the write-ahead log, and a commit of the metadata.</summary>
    public int MaxPutBytes { get; init; } = (8 * 1024 * 1024) + (64 * 1024);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>When a request is late, and how many may be made a second time.</summary>
public sealed record LateRequestOptions
{
    /// <summary>
    /// A request that took longer than this share of the recent ones is late. 0.95: the tail is cut where it begins, and no more than a twentieth
    /// could be asked twice (Dean and Barroso, "The Tail at Scale", 2013).
    /// </summary>
    public double Quantile { get; init; } = 0.95;

    /// <summary>So many times that is late.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Second requests, as a share of the first ones. 0.03: what they cost, at most, when the store is slow as a whole and every request is late.</summary>
    public double MaxShare { get; init; } = 0.03;

    /// <summary>Second requests that may be made in a row after a time without any. 8: those of one stalled connection or server.</summary>
    public int MaxBurst { get; init; } = 8;

    /// <summary>No second request earlier than this. 10 ms: below it there is no tail worth a request.</summary>
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>A quantile of fewer requests of that size is none.</summary>
    public int MinSamples { get; init; } = 40;

    /// <summary>What is late while there is no quantile; null: nothing.</summary>
    public TimeSpan? FirstDelay { get; init; }
}
