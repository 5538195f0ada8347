namespace Broker.ObjectStore;

/// <summary>How a <see cref="RetryingObjectStore"/> retries.</summary>
public sealed record RetryingObjectStoreOptions
{
    /// <summary>The bound of the first pause; it doubles. 50 ms: about one S3 round trip.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The bound of any pause. 2 s: an outage that ends is noticed soon, and a thousand clients that wait do not storm.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>No try begins later than this after the first. 30 s: beyond it the caller's own back-pressure takes over.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The deadline while the store denies what is asked (<see cref="StoreDeniedException"/>). 3 s: a gateway that is just coming up denies for a moment, and
    /// what somebody must set right takes longer than any request should.
    /// </summary>
    public TimeSpan DeniedDeadline { get; init; } = TimeSpan.FromSeconds(3);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names conditional PUTs that come without a write id.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>Seeds the jitter.</summary>
    public int JitterSeed { get; init; }
}
