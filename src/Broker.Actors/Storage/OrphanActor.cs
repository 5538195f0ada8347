using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// Removes data objects that nobody knows: of uploads and compactions that came to no commit, because their process died or the store's answer was lost; and parts of
/// those that were never completed. It looks only when ids were given since it looked last, so an idle cluster is not listed.
///
/// O1. An object is deleted as unknown only after its id was closed: no commit can bring it into use any more.
/// O2. It is unknown by metadata that are newer than the listing that showed it.
/// O3. An upload in parts is aborted only after the id of its object was closed.
/// </summary>
internal sealed class OrphanActor : ReceiveActor, IWithTimers
{
    private readonly OrphanServices _services;

    // What was given before the last check is as old as the interval, which whoever still works on an upload may count on.
    private ObjectId _givenBefore;
    private ObjectId _swept;
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
        if (boundary > _swept)
        {
            _sweeping = true;
            SweepAsync(boundary).PipeTo(Self);
        }
    }

    private void OnSwept(Swept swept)
    {
        _sweeping = false;
        if (swept.Boundary is { } boundary)
        {
            _swept = boundary;
        }
    }

    private async Task<Swept> SweepAsync(ObjectId boundary)
    {
        try
        {
            object closed = await _services.Coordinator.Ask(new CloseObjectIds(boundary), CoordinatorTimeouts.Command);
            if (closed is CommandFailed failed)
            {
                throw new StorageException(failed.Kind, failed.Reason);
            }

            List<ObjectKey> listed = [];
            await foreach (ObjectInfo item in _services.Store.ListAsync(DataKeys.Prefix, null, CancellationToken.None))
            {
                listed.Add(item.Key);
            }

            IReadOnlyList<ObjectKey> orphans = Orphans.Among(listed, _services.Metadata.Current);
            foreach (ObjectKey orphan in orphans)
            {
                await _services.Store.DeleteAsync(orphan, CancellationToken.None);
            }

            if (orphans.Count > 0)
            {
                OrphanLog.Removed(_services.Log, orphans.Count, orphans[0].Value);
            }

            await AbortUploadsAsync();
            return new Swept(boundary);
        }
        catch (Exception cause) when (cause is StorageException or AskTimeoutException)
        {
            OrphanLog.Failed(_services.Log, cause.Message);
            return new Swept(null);
        }
    }

    // After the objects, and whether or not it succeeds: listing uploads needs a permission of its own, without which objects are removed none the less.
    private async Task AbortUploadsAsync()
    {
        try
        {
            MetadataImage image = _services.Metadata.Current;
            int aborted = await _services.Store.AbortUploadsAsync(DataKeys.Prefix, key => Orphans.IsAbandoned(key, image), CancellationToken.None);
            if (aborted > 0)
            {
                OrphanLog.Aborted(_services.Log, aborted);
            }
        }
        catch (StorageException cause)
        {
            OrphanLog.UploadsFailed(_services.Log, cause.Message);
        }
    }

    private sealed record Check;

    /// <param name="Boundary">Below it nothing unknown is left; null when it could not be found out.</param>
    private sealed record Swept(ObjectId? Boundary);
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

    [LoggerMessage(EventId = 3404, EventName = "UploadsNotAborted", Level = LogLevel.Warning, Message = "Abandoned uploads in parts could not be looked for; the bucket's lifecycle rule, if it has one, removes them: {Problem}")]
    public static partial void UploadsFailed(ILogger log, string problem);
}
