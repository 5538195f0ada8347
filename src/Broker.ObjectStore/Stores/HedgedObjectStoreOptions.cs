namespace Broker.ObjectStore;

/// <summary>When a <see cref="HedgedObjectStore"/> asks a second time.</summary>
public sealed record HedgedObjectStoreOptions
{
    /// <summary>
    /// A read that took longer than this share of the recent ones is asked again. 0.95: the tail is cut where it begins, and no more than a twentieth
    /// of the reads could be asked twice (Dean and Barroso, "The Tail at Scale", 2013).
    /// </summary>
    public double Quantile { get; init; } = 0.95;

    /// <summary>Second requests, as a share of the first ones. 0.03: what they cost, at most, when the store is slow as a whole and every read is late.</summary>
    public double MaxShare { get; init; } = 0.03;

    /// <summary>Second requests that may be made in a row after a time without any. 8: the reads of one stalled connection or server.</summary>
    public int MaxBurst { get; init; } = 8;

    /// <summary>No second request earlier than this. 10 ms: below it there is no tail worth a request.</summary>
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>No second request before so many reads of that size were seen: a quantile of few is none.</summary>
    public int MinSamples { get; init; } = 40;

    /// <summary>
    /// Reads of more bytes are not hedged: a second copy of them takes memory and bandwidth, and their time is in the bytes, not in the waiting. 8 MiB:
    /// beyond any block.
    /// </summary>
    public int MaxBytes { get; init; } = 8 * 1024 * 1024;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
