namespace Broker.ObjectStore;

/// <summary>How a <see cref="ConditionalLog"/> is opened.</summary>
/// <param name="Prefix">The log's name: the prefix of its objects' keys, without a trailing '/'.</param>
public sealed record ConditionalLogOptions(string Prefix)
{
    /// <summary>
    /// PUTs in flight at most. Fixed by the log's first opening; a later one may use fewer, not more. 1: a log of transactions, each of
    /// which builds on the one before.
    /// </summary>
    public int MaxInFlight { get; init; } = 1;

    /// <summary>True: where the log was made for fewer PUTs in flight, it works with these. False: such an opening is refused as Invalid.</summary>
    public bool AcceptsFewerInFlight { get; init; }

    /// <summary>
    /// True: where the log is not there, the opening fails as Corrupt instead of making it. For who has had it open before: it is lost then (G11), and a new one would begin
    /// anew what others rely on.
    /// </summary>
    public bool MustExist { get; init; }

    /// <summary>
    /// Slots before this one are known to have been taken: where they are not there, nor trimmed, the opening fails as Corrupt. Of the end of a log nothing in the store proves that (G10);
    /// who followed it may know.
    /// </summary>
    public long KnownSlots { get; init; }

    /// <summary>The lowest epoch to take; the log takes a higher one when it knows of a higher one.</summary>
    public long MinEpoch { get; init; } = 1;

    /// <summary>
    /// The highest epoch to take: where the log's owner has it or a higher one, the opening is Fenced and changes nothing that counts. Whoever
    /// numbers the owners elsewhere, and gives each a range of epochs, so keeps one of long ago from taking the log back.
    /// </summary>
    public long MaxEpoch { get; init; } = long.MaxValue;

    /// <summary>
    /// Whether the log may be taken from the owner that a position names. Where it says no, the opening is Fenced and changes nothing: for a writer that takes its own log
    /// again, and must not take it from another who has it since.
    /// </summary>
    public Func<LogPosition, bool> MayTakeFrom { get; init; } = _ => true;

    /// <summary>
    /// True: an append that the store refused ends the log, even if nothing after it was in flight, and a new opening goes on. For callers that
    /// number their entries and cannot take a number back.
    /// </summary>
    public bool EndsOnRefusal { get; init; }

    /// <summary>
    /// True: an entry whose checksum does not match, and that counts by all that it says of itself, is shown as damaged instead of failing the opening. For payloads with
    /// checksums of their own, in parts, and a use for those that are sound.
    /// </summary>
    public bool ShowsDamagedEntries { get; init; }

    /// <summary>
    /// Appends that wait for their turn, beyond those in flight. 1,024: callers batch, so more than that waiting means that nobody
    /// heeds back-pressure.
    /// </summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>
    /// How long an append may take, from when it is sent until its outcome is known; then it is in doubt, and the log must be opened anew. 20 s: longer than one
    /// request that gets no answer and the next one (5 s for a small PUT, 15 s for others), and answered before those give up who wait for it (25 s for a command to the coordinator, 30 s
    /// for a client's request).
    /// </summary>
    public TimeSpan ResolveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The first pause between two looks; it doubles up to 2 s, with jitter.</summary>
    public TimeSpan ResolvePause { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names writers and PUTs; must be unique among all writers that ever open the log.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>Seeds the jitter of pauses.</summary>
    public int JitterSeed { get; init; }
}
