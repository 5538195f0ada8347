using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// Makes few large objects of many small ones, one at a time, within a bandwidth budget: what it reads passes the caches by, and what it replaces stays
/// in the store until those who read it are done (<c>log.segment.delete.delay.ms</c>).
///
/// K1. A source is given up by a commit that holds its replacement, never before.
/// K2. What a source has come to be meanwhile is never undone: a commit replaces only what still lies in the objects that were read.
/// </summary>
internal sealed class CompactionActor : ReceiveActor, IWithTimers, IDisposable
{
    // A source that is damaged stays as it is until someone has looked at it; the next start tries again.
    private readonly HashSet<ObjectId> _damaged = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CompactionServices _services;
    private readonly ObjectCompactor _compactor;
    private bool _working;

    public CompactionActor(CompactionServices services)
    {
        _services = services;
        ByteRate rate = new(services.Settings.MaxBytesPerSecond, services.Clock);
        _compactor = new ObjectCompactor(services.Store, new StreamObjectWriterOptions(), services.Settings.Options, rate.UseAsync);
        Receive<Check>(_ => OnCheck());
        Receive<Finished>(OnFinished);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Check), new Check(), _services.Settings.Interval);

    public void Dispose() => _stopping.Dispose();

    protected override void PostStop()
    {
        _stopping.Cancel();
        Dispose();
    }

    private void OnCheck()
    {
        if (_working)
        {
            return;
        }

        IReadOnlyList<CompactionOutput> outputs = Plan();
        if (outputs.Count > 0)
        {
            _working = true;
            CompactAsync(outputs, _stopping.Token).PipeTo(Self);
        }
    }

    private void OnFinished(Finished finished)
    {
        _working = false;
        _damaged.UnionWith(finished.Damaged);
        if (finished.Made > 0)
        {
            // There may be more to do, also of what was just made.
            Self.Tell(new Check());
        }
    }

    private IReadOnlyList<CompactionOutput> Plan()
    {
        long nowMs = _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        MetadataImage image = _services.Metadata.Current;
        return new CompactionPlan(image, _services.Settings.Options, stream => LimitsOf(image, stream), _damaged, nowMs).Next();
    }

    private RunLimits LimitsOf(MetadataImage image, StreamState stream)
    {
        TopicConfig config = new(_services.TopicDefaults, image.FindTopic(stream.TopicId)!.Configs);
        return new RunLimits(config.SegmentBytes, TimeSpan.FromMilliseconds(config.SegmentMs));
    }

    private async Task<Finished> CompactAsync(IReadOnlyList<CompactionOutput> outputs, CancellationToken ct)
    {
        int made = 0;
        List<ObjectId> damaged = [];
        foreach (CompactionOutput output in outputs)
        {
            try
            {
                ObjectCommitted compacted = await CompactAsync(output, ct);
                CompactionLog.Compacted(_services.Log, output.Sources.Count, output.SizeBytes, compacted.Key.Value, compacted.SizeBytes, output.Runs.Count);
                made++;
            }
            catch (DamagedSourceException cause)
            {
                CompactionLog.Damaged(_services.Log, cause.SourceId, cause.Message);
                damaged.Add(cause.SourceId);
                return new Finished(made, damaged);
            }
            catch (Exception cause) when (cause is StorageException or AskTimeoutException or OperationCanceledException)
            {
                // Nothing is lost by it: the sources are as they were, and the next check plans anew.
                CompactionLog.Failed(_services.Log, output.Sources.Count, cause.Message);
                return new Finished(0, damaged);
            }
        }

        return new Finished(made, damaged);
    }

    private async Task<ObjectCommitted> CompactAsync(CompactionOutput output, CancellationToken ct)
    {
        ObjectId id = await _services.Coordinator.Ask(GiveObjectId.Instance, CoordinatorTimeouts.Command, ct) is ObjectIdGiven given
            ? given.ObjectId
            : throw new StorageException(StorageErrorKind.Unavailable, "the coordinator gave no object id");
        long nowMs = _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        ObjectCompacted compacted = await _compactor.WriteAsync(output, id, DataKeys.For(id), nowMs, null, ct);
        object answer = await _services.Coordinator.Ask(new CommitCompaction(compacted), CoordinatorTimeouts.Command, ct);
        return answer is CommandFailed failed ? throw new StorageException(failed.Kind, failed.Reason) : compacted.Object;
    }

    private sealed record Check;

    /// <param name="Made">How many objects were committed.</param>
    /// <param name="Damaged">Sources that cannot be read.</param>
    private sealed record Finished(int Made, IReadOnlyList<ObjectId> Damaged);
}

/// <summary>What compaction works with.</summary>
/// <param name="TopicDefaults">What topics that say nothing else are kept by.</param>
internal sealed record CompactionServices(
    MetadataView Metadata,
    IActorRef Coordinator,
    IObjectStore Store,
    BrokerSettings TopicDefaults,
    CompactionSettings Settings,
    TimeProvider Clock,
    ILogger Log);

internal static partial class CompactionLog
{
    [LoggerMessage(EventId = 3301, EventName = "ObjectsCompacted", Level = LogLevel.Debug, Message = "{Sources} objects gave {Bytes} bytes to {Object}, which has {SizeBytes} bytes of {Streams} partitions")]
    public static partial void Compacted(ILogger log, int sources, long bytes, string @object, long sizeBytes, int streams);

    [LoggerMessage(EventId = 3302, EventName = "CompactionFailed", Level = LogLevel.Warning, Message = "Compaction of {Sources} objects failed, and is tried again: {Problem}")]
    public static partial void Failed(ILogger log, int sources, string problem);

    [LoggerMessage(EventId = 3303, EventName = "CompactionSourceDamaged", Level = LogLevel.Error, Message = "Compaction leaves {Source} as it is until the next start, because it cannot be read: {Problem}")]
    public static partial void Damaged(ILogger log, ObjectId source, string problem);
}
