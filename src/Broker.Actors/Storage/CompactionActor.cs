using Akka.Actor;
using Broker.Actors.Cleaning;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// Makes few large objects of many small ones, and cleans the logs of compacted topics, one object at a time, within a bandwidth budget: what it reads passes the caches by, and what it replaces stays
/// in the store until those who read it are done (<c>log.segment.delete.delay.ms</c>).
///
/// K1. A source is given up by a commit that holds its replacement, never before.
/// K2. What a source has come to be meanwhile is never undone: a commit replaces only what still lies in the objects that were read.
/// </summary>
internal sealed class CompactionActor : ReceiveActor, IWithTimers, IDisposable
{
    /// <summary>A source that is damaged or gone, or a log with it, stays as it is so long: often enough for one that is restored, seldom enough for its line in the log.</summary>
    private static readonly TimeSpan DamagedAgainAfter = TimeSpan.FromHours(1);

    private readonly Dictionary<ObjectId, long> _damaged = [];
    private readonly Dictionary<StreamId, long> _uncleanable = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CompactionServices _services;
    private readonly ObjectReplacement _replacement;
    private readonly LogCleaner _cleaner;
    private bool _working;
    private bool _cleansNext;

    public CompactionActor(CompactionServices services)
    {
        _services = services;
        double bytesPerSecond = services.Settings.MaxBytesPerSecond == 0 ? double.PositiveInfinity : services.Settings.MaxBytesPerSecond;
        BytePace pace = new(() => bytesPerSecond, services.Clock);
        ObjectCompactor compactor = new(services.Store, new StreamObjectWriterOptions(), services.Settings.Options, pace.WaitAsync);
        _replacement = new ObjectReplacement(services.Coordinator, services.Store, compactor, services.Clock);
        _cleaner = new LogCleaner(compactor, _replacement, services.Cleaner, services.Clock);
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

        // In turns, so that neither waits for an end of the other's work.
        Task<Finished>? work = _cleansNext ? StartCleaning() ?? StartMerging() : StartMerging() ?? StartCleaning();
        if (work is not null)
        {
            _working = true;
            _cleansNext = !_cleansNext;
            work.PipeTo(Self);
        }
    }

    private void OnFinished(Finished finished)
    {
        _working = false;
        if (finished.Damaged is { } damaged)
        {
            _damaged[damaged] = _services.Clock.GetTimestamp();
        }

        if (finished.Uncleanable is { } uncleanable)
        {
            _uncleanable[uncleanable] = _services.Clock.GetTimestamp();
        }

        if (finished.Made > 0 || finished.Damaged is not null || finished.Uncleanable is not null)
        {
            // There may be more to do, also of what was just made.
            Self.Tell(new Check());
        }
    }

    private HashSet<TKey> StillDamaged<TKey>(Dictionary<TKey, long> since)
        where TKey : notnull
    {
        foreach (TKey old in since.Where(one => _services.Clock.GetElapsedTime(one.Value) > DamagedAgainAfter).Select(one => one.Key).ToArray())
        {
            since.Remove(old);
        }

        return [.. since.Keys];
    }

    private Task<Finished>? StartMerging()
    {
        MetadataImage image = _services.Metadata.Current;
        IReadOnlyList<CompactionOutput> outputs = new CompactionPlan(image, _services.Settings.Options, LimitsIn(image), StillDamaged(_damaged), NowMs).Next();
        return outputs.Count > 0 ? MergeAsync(outputs, _stopping.Token) : null;
    }

    private Task<Finished>? StartCleaning()
    {
        MetadataImage image = _services.Metadata.Current;
        HashSet<StreamId> uncleanable = StillDamaged(_uncleanable);
        IEnumerable<CleanableStream> streams = image.Topics.Values
            .Select(topic => (Topic: topic, Config: ConfigOf(topic)))
            .Where(one => one.Config.IsCompacted)
            .SelectMany(one => one.Topic.Partitions.Select(id => Cleanable(image, image.FindStream(id)!, one.Config)))
            .Where(stream => !uncleanable.Contains(stream.Stream));
        return CleaningRules.InOrder(streams, NowMs) is [var due, ..] ? CleanAsync(due, image, _stopping.Token) : null;
    }

    private long NowMs => _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private TopicConfig ConfigOf(TopicState topic) => new(_services.TopicDefaults, topic.Configs);

    // A topic's settings are read once for all of its partitions.
    private Func<StreamState, RunLimits> LimitsIn(MetadataImage image)
    {
        Dictionary<Guid, RunLimits> byTopic = [];
        return stream =>
        {
            if (!byTopic.TryGetValue(stream.TopicId, out RunLimits limits))
            {
                TopicConfig config = ConfigOf(image.FindTopic(stream.TopicId)!);
                byTopic[stream.TopicId] = limits = new RunLimits(config.SegmentBytes, TimeSpan.FromMilliseconds(config.SegmentMs));
            }

            return limits;
        };
    }

    private static CleanableStream Cleanable(MetadataImage image, StreamState stream, TopicConfig config) => new(
        stream.StreamId,
        stream.StartOffset,
        stream.CleanedEnd,
        [.. stream.Ranges.Where(range => range.EndOffset > stream.StartOffset).Select(range => new CleanableRange(
            range.BaseOffset,
            range.EndOffset,
            range.Range.SizeBytes,
            range.Range.MaxTimestampMs >= 0 ? range.Range.MaxTimestampMs : image.Objects[range.ObjectId].CreatedMs))],
        config);

    private async Task<Finished> MergeAsync(IReadOnlyList<CompactionOutput> outputs, CancellationToken ct)
    {
        int made = 0;
        foreach (CompactionOutput output in outputs)
        {
            try
            {
                if (await _replacement.MakeAsync(output, null, null, ct) is { } compacted)
                {
                    CompactionLog.Compacted(_services.Log, output.Sources.Count, output.SizeBytes, compacted.Key.Value, compacted.SizeBytes, output.Runs.Count);
                    made++;
                }
            }
            catch (DamagedSourceException cause) when (IsKnown(cause.SourceId))
            {
                CompactionLog.Damaged(_services.Log, cause.SourceId, DamagedAgainAfter, cause.Message);
                return new Finished(made) { Damaged = cause.SourceId };
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return new Finished(made);
            }
            catch (Exception cause) when (cause is StorageException or AskTimeoutException or OperationCanceledException)
            {
                // Nothing is lost by it: the sources are as they were, and the next check plans anew.
                CompactionLog.Failed(_services.Log, output.Sources.Count, cause.Message);
                return new Finished(0);
            }
        }

        return new Finished(made);
    }

    private async Task<Finished> CleanAsync(DueCleaning due, MetadataImage image, CancellationToken ct)
    {
        TopicState topic = image.FindTopic(image.FindStream(due.Stream)!.TopicId)!;
        TopicConfig config = ConfigOf(topic);
        int partition = image.FindStream(due.Stream)!.Partition;
        try
        {
            long maxPieceBytes = Math.Min(config.SegmentBytes, _services.Settings.Options.MaxObjectBytes);
            if (await _cleaner.CleanAsync(due, image, config, maxPieceBytes, ct) is not { } result)
            {
                return new Finished(0);
            }

            CompactionLog.Cleaned(_services.Log, topic.Name, partition, result.CleanedEnd.Value, result.RecordsKept, result.RecordsRead, result.ReadBytes, result.WrittenBytes);
            return new Finished(1);
        }
        catch (StorageException cause) when (cause is DamagedSourceException damaged ? IsKnown(damaged.SourceId) : cause.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
        {
            CompactionLog.Uncleanable(_services.Log, topic.Name, partition, DamagedAgainAfter, cause.Message);
            return new Finished(0) { Uncleanable = due.Stream };
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return new Finished(0);
        }
        catch (Exception cause) when (cause is StorageException or AskTimeoutException or OperationCanceledException)
        {
            CompactionLog.CleaningFailed(_services.Log, topic.Name, partition, cause.Message);
            return new Finished(0);
        }
    }

    // One that was given up and deleted meanwhile is not damaged.
    private bool IsKnown(ObjectId source) => _services.Metadata.Current.Objects.ContainsKey(source);

    private sealed record Check;

    /// <param name="Made">How much was done; 0: nothing is to be gained by going on at once.</param>
    private sealed record Finished(int Made)
    {
        /// <summary>The source that cannot be read.</summary>
        public ObjectId? Damaged { get; init; }

        /// <summary>The stream with a batch that cannot be read.</summary>
        public StreamId? Uncleanable { get; init; }
    }
}

/// <summary>What compaction works with.</summary>
/// <param name="TopicDefaults">What topics that say nothing else are kept by.</param>
internal sealed record CompactionServices(
    MetadataView Metadata,
    IActorRef Coordinator,
    IObjectStore Store,
    BrokerSettings TopicDefaults,
    CompactionSettings Settings,
    CleanerOptions Cleaner,
    TimeProvider Clock,
    ILogger Log);

internal static partial class CompactionLog
{
    [LoggerMessage(EventId = 3301, EventName = "ObjectsCompacted", Level = LogLevel.Debug, Message = "{Sources} objects gave {Bytes} bytes to {Object}, which has {SizeBytes} bytes of {Streams} partitions")]
    public static partial void Compacted(ILogger log, int sources, long bytes, string @object, long sizeBytes, int streams);

    [LoggerMessage(EventId = 3302, EventName = "CompactionFailed", Level = LogLevel.Warning, Message = "Compaction of {Sources} objects failed, and is tried again: {Problem}")]
    public static partial void Failed(ILogger log, int sources, string problem);

    [LoggerMessage(EventId = 3303, EventName = "CompactionSourceDamaged", Level = LogLevel.Error, Message = "Compaction leaves {Source} as it is for {Delay}, because it cannot be read: {Problem}")]
    public static partial void Damaged(ILogger log, ObjectId source, TimeSpan delay, string problem);

    [LoggerMessage(EventId = 3304, EventName = "LogCleaned", Level = LogLevel.Information, Message = "{Topic}-{Partition} is clean up to {Offset}: {Kept} of {Read} records are left; {ReadBytes} bytes of record batches were read, and objects of {WrittenBytes} bytes, indexes included, written")]
    public static partial void Cleaned(ILogger log, string topic, int partition, long offset, long kept, long read, long readBytes, long writtenBytes);

    [LoggerMessage(EventId = 3305, EventName = "LogUncleanable", Level = LogLevel.Error, Message = "{Topic}-{Partition} is not cleaned for {Delay}, because it cannot be read: {Problem}")]
    public static partial void Uncleanable(ILogger log, string topic, int partition, TimeSpan delay, string problem);

    [LoggerMessage(EventId = 3306, EventName = "CleaningFailed", Level = LogLevel.Warning, Message = "Cleaning {Topic}-{Partition} failed, and is tried again: {Problem}")]
    public static partial void CleaningFailed(ILogger log, string topic, int partition, string problem);
}
