namespace Broker.ObjectStore;

/// <summary>How a <see cref="ThrottlingObjectStore"/> finds out what the store bears.</summary>
public sealed record ThrottlingObjectStoreOptions
{
    /// <summary>Requests at a time when the store does not complain. 64: as many as an S3 store has connections.</summary>
    public int MaxConcurrent { get; init; } = 64;

    /// <summary>Requests at a time however much it complains. 1: something must tell that it has stopped complaining.</summary>
    public int MinConcurrent { get; init; } = 1;

    /// <summary>
    /// By what the limit is multiplied when the store says that it is too much. One half, as TCP does: it is out of the overload in a few steps, and
    /// what is left is not far below what the store bears.
    /// </summary>
    public double Decrease { get; init; } = 0.5;

    /// <summary>Requests that may wait for their turn. 1,024: a second of requests at a limit of 32 and S3's 30 ms. Those beyond are refused as Unavailable.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>How long a request may wait for its turn before it is refused as Unavailable. 10 s: beyond, callers' back-pressure serves better.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
