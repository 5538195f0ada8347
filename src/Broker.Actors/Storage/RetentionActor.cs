using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>Every <c>log.retention.check.interval.ms</c>: trims what is too old or too much, and deletes objects that nothing refers to.</summary>
internal sealed class RetentionActor : ReceiveActor, IWithTimers
{
    private readonly RetentionServices _services;
    private readonly ObjectDeletion _deletion;
    private bool _deleting;

    public RetentionActor(RetentionServices services)
    {
        _services = services;
        _deletion = new ObjectDeletion(services.Store, services.Log);
        Receive<Check>(_ => OnCheck());
        Receive<Deleted>(OnDeleted);
        Receive<StreamsTrimmed>(_ => { });
        Receive<CommandFailed>(failed => RetentionLog.CommandFailed(_services.Log, failed.Kind, failed.Reason));
        Receive<CommandDone>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Check), new Check(), _services.Topics.RetentionCheckInterval);

    private void OnCheck()
    {
        MetadataImage image = _services.Metadata.Current;
        long nowMs = _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        IReadOnlyList<StreamTrimmed> trims = RetentionPlan.Trims(image, _services.Settings, nowMs);
        if (trims.Count > 0)
        {
            RetentionLog.Trimming(_services.Log, trims.Count);
            _services.Coordinator.Tell(new TrimStreams(trims), Self);
        }

        IReadOnlyList<DeletableObject> deletions = RetentionPlan.Deletions(image, _services.Topics.DeleteDelay, nowMs);
        if (deletions.Count > 0 && !_deleting)
        {
            _deleting = true;
            DeleteAsync(deletions).PipeTo(Self);
        }
    }

    private void OnDeleted(Deleted deleted)
    {
        _deleting = false;
        if (deleted.Objects.Count > 0)
        {
            _services.Coordinator.Tell(new ForgetObjects(deleted.Objects), Self);
        }
    }

    // What is left is tried at the next check.
    private async Task<Deleted> DeleteAsync(IReadOnlyList<DeletableObject> deletions) => new(await _deletion.RunAsync(deletions));

    private sealed record Check;

    private sealed record Deleted(IReadOnlyList<ObjectId> Objects);
}

/// <summary>What retention works with.</summary>
internal sealed record RetentionServices(
    MetadataView Metadata,
    IActorRef Coordinator,
    IObjectStore Store,
    BrokerSettings Settings,
    TopicOptions Topics,
    TimeProvider Clock,
    ILogger Log);

internal static partial class RetentionLog
{
    [LoggerMessage(EventId = 3201, EventName = "RetentionTrimming", Level = LogLevel.Information, Message = "Retention moves the start of {Count} partitions")]
    public static partial void Trimming(ILogger log, int count);

    [LoggerMessage(EventId = 3202, EventName = "RetentionCommandFailed", Level = LogLevel.Warning, Message = "Retention could not be committed ({Kind}): {Problem}")]
    public static partial void CommandFailed(ILogger log, StorageErrorKind kind, string problem);

    [LoggerMessage(EventId = 3203, EventName = "ObjectDeletionFailed", Level = LogLevel.Warning, Message = "{Left} of {Count} objects that nothing refers to could not be deleted, '{Object}' first; they are tried again at the next check: {Problem}")]
    public static partial void DeleteFailed(ILogger log, int left, int count, string @object, string problem);
}
