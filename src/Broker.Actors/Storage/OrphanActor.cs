using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// Has removed what nobody knows (<see cref="OrphanSweep"/>): objects of uploads and compactions that came to no commit, because their process died or the store's answer was lost,
/// parts of those that were never completed, and what released write-ahead logs have left. It looks once after a start, and then only when ids were given or a log was released since it looked last, so an idle cluster is not listed.
/// </summary>
internal sealed class OrphanActor : ReceiveActor, IWithTimers
{
    private readonly OrphanServices _services;

    // What was given before the last check is as old as the interval, which whoever still works on an upload may count on.
    private ObjectId _givenBefore;
    private ObjectId? _swept;

    // Of which one that is attached no more may have left something.
    private readonly HashSet<WalId> _logs = [];
    private bool _sweeping;

    public OrphanActor(OrphanServices services)
    {
        _services = services;
        _givenBefore = services.Metadata.Current.NextObjectId;
        Receive<Check>(_ => OnCheck());
        Receive<Swept>(OnSwept);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Check), new Check(), _services.Interval);

    private void OnCheck()
    {
        if (_sweeping)
        {
            return;
        }

        ObjectId boundary = _givenBefore;
        _givenBefore = _services.Metadata.Current.NextObjectId;
        _logs.UnionWith(_services.Metadata.Current.Wals.Keys);
        WalId[] released = [.. _logs.Where(log => !_services.Metadata.Current.Wals.ContainsKey(log))];
        if (_swept is null || boundary > _swept || released.Length > 0)
        {
            _sweeping = true;
            SweepAsync(boundary, released).PipeTo(Self);
        }
    }

    private void OnSwept(Swept swept)
    {
        _sweeping = false;
        if (swept.Boundary is { } boundary)
        {
            _swept = boundary;
            _logs.ExceptWith(swept.Released);
        }
    }

    private async Task<Swept> SweepAsync(ObjectId boundary, WalId[] released) => new(await new OrphanSweep(_services).RunAsync(boundary) ? boundary : null, released);

    private sealed record Check;

    /// <param name="Boundary">Below it nothing unknown is left; null when it could not be found out.</param>
    /// <param name="Released">Logs that were attached no more when it began.</param>
    private sealed record Swept(ObjectId? Boundary, WalId[] Released);
}

/// <summary>What the removal of orphans works with.</summary>
internal sealed record OrphanServices(MetadataView Metadata, IActorRef Coordinator, IObjectStore Store, TimeSpan Interval, ILogger Log);

internal static partial class OrphanLog
{
    [LoggerMessage(EventId = 3401, EventName = "OrphansRemoved", Level = LogLevel.Information, Message = "{Count} objects that no commit refers to were removed, {First} first")]
    public static partial void Removed(ILogger log, int count, string first);

    [LoggerMessage(EventId = 3402, EventName = "OrphanSweepFailed", Level = LogLevel.Warning, Message = "Looking for unknown objects failed, and is tried again: {Problem}")]
    public static partial void Failed(ILogger log, string problem);

    [LoggerMessage(EventId = 3403, EventName = "UploadsAborted", Level = LogLevel.Information, Message = "{Count} abandoned uploads in parts were aborted")]
    public static partial void Aborted(ILogger log, int count);

    [LoggerMessage(EventId = 3404, EventName = "OrphanNotRemoved", Level = LogLevel.Warning, Message = "Removing {What}, which nobody needs, failed, and is tried again: {Problem}")]
    public static partial void NotRemoved(ILogger log, string what, string problem);

    [LoggerMessage(EventId = 3405, EventName = "WalRemainsRemoved", Level = LogLevel.Information, Message = "What the released write-ahead log {Wal} had left was removed")]
    public static partial void WalEmptied(ILogger log, WalId wal);
}
