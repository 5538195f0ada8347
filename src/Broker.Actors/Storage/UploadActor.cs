using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Metrics;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// The upload stage: when enough bytes, or bytes old enough, or those of enough slots of the log, wait in the log cache, they become an object; once the
/// metadata holds it the cache may forget them and the write-ahead log is trimmed.
///
/// U1. Objects are committed in the order in which they were sealed.
/// U2. The log is trimmed only below what is committed.
/// U3. What a partition that is led here has in an object goes with its producers' state; a partition that is being opened is waited for.
/// U4. Whatever ends the stage's stream, what it had sealed is sealed again by the next one.
/// </summary>
internal sealed class UploadActor : ReceiveActor, IWithTimers
{
    // How late an upload by age, or by a filling WAL, may start.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    // A store that comes back is noticed within this, as uploads notice it.
    private static readonly TimeSpan TrimAgainAfter = TimeSpan.FromSeconds(5);

    // An upload that ends within this is slow, and waited for. Beyond, those who wait for room in the cache hear of it before clients give up, after 30 s.
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(15);

    // At the default budget of PUTs the slots that make an upload due come in this time. Without a budget they would in a fraction of it, and uploads, each of little, hold up acknowledgements.
    private static readonly TimeSpan LeastAgeForSlots = TimeSpan.FromSeconds(4);

    private readonly UploadServices _services;
    private readonly ISourceQueueWithComplete<SealedUpload> _queue;
    private readonly List<(IActorRef Asker, long Mark)> _flushing = [];
    private int _inFlight;
    private WalPosition _trimmedTo = WalPosition.None;
    private long _nextTrim;
    private bool _trimming;
    private bool _trimFails;
    private bool _offering;

    // What the log had written when the last upload was sealed.
    private long _slotsSealed;

    // When an upload last ended, or the first one in flight began.
    private long _lastProgress;

    public UploadActor(UploadServices services)
    {
        _services = services;
        ObjectUploader uploader = new(services);
        IActorRef self = Self;
        _queue = Source.Queue<SealedUpload>(services.Options.UploadsInFlight, OverflowStrategy.Backpressure)
            .SelectAsync(services.Options.UploadsInFlight, uploader.PutAsync)
            .SelectAsync(1, uploader.CommitAsync)
            .To(Sink.ForEach<SealedUpload>(upload => self.Tell(new Uploaded(upload), ActorRefs.NoSender)))
            .Run(Context.System.Materializer());
        ISourceQueueWithComplete<SealedUpload> queue = _queue;
        queue.WatchCompletionAsync().PipeTo(self, failure: cause => new StreamFailed(queue, cause));

        Receive<UploadCheck>(_ => OnCheck());
        Receive<IQueueOfferResult>(OnOffered);
        Receive<Uploaded>(uploaded => OnUploaded(uploaded.Upload));
        Receive<FlushUploads>(_ => OnFlush());
        Receive<Trimmed>(OnTrimmed);
        Receive<StreamFailed>(OnStreamFailed);
        Receive<Status.Failure>(failure => throw Broken(failure.Cause));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        // After a restart: what an earlier stage had sealed and did not bring to its end is sealed again.
        _services.Cache.AbandonUploads();
        Timers.StartPeriodicTimer(nameof(UploadCheck), UploadCheck.Instance, CheckInterval);
    }

    protected override void PostStop() => _queue.Complete();

    // An earlier instance's stream ends with it.
    private void OnStreamFailed(StreamFailed failed)
    {
        if (failed.Queue == _queue)
        {
            throw Broken(failed.Cause);
        }
    }

    private InvalidOperationException Broken(Exception cause)
    {
        UploadLog.Broken(_services.Log, cause);
        return new InvalidOperationException($"the upload stage's stream ended: {cause.Message}", cause);
    }

    private void OnCheck()
    {
        TimeSpan idle = _services.Clock.GetElapsedTime(_lastProgress);
        if (_inFlight > 0 && _services.Cache.IsFull && idle >= StuckAfter)
        {
            _services.Wal.Tell(new UploadsStalled($"none has ended for {(int)idle.TotalSeconds} s"));
        }

        Trim();
        SealWhatIsDue();
    }

    private void SealWhatIsDue()
    {
        LogCache cache = _services.Cache;
        bool hasOnlyRemoved = cache.HasOnlyRemovedUnsealed;
        if (_offering || (cache.UnsealedBytes == 0 && !hasOnlyRemoved) || _inFlight >= _services.Options.UploadsInFlight)
        {
            return;
        }

        // Of deleted topics: no upload of anything else may ever come to free what they hold of the WAL, and to tell who waits for room.
        bool isDue = hasOnlyRemoved
            || _flushing.Exists(flush => flush.Mark > cache.SealedMark)
            || cache.UnsealedBytes >= _services.Options.UploadBytes
            || cache.OldestUnsealedAge >= _services.Options.UploadInterval
            || (SlotsUnsealed() >= _services.Options.BucketWal.UploadSlots && cache.OldestUnsealedAge >= LeastAgeForSlots)
            || _services.WriteAheadLog.UsedBytes > _services.WriteAheadLog.CapacityBytes * UploadPace.Pressure
            || cache.IsFull;
        if (isDue)
        {
            _offering = true;
            if (_inFlight++ == 0)
            {
                _lastProgress = _services.Clock.GetTimestamp();
            }

            _slotsSealed = _services.WriteAheadLog.SlotsWritten;
            _queue.OfferAsync(cache.Seal(_services.Options.UploadBytes)).PipeTo(Self);
        }
    }

    // A log that was opened anew counts from what it found.
    private long SlotsUnsealed()
    {
        long written = _services.WriteAheadLog.SlotsWritten;
        _slotsSealed = Math.Min(_slotsSealed, written);
        return written - _slotsSealed;
    }

    private void OnOffered(IQueueOfferResult result)
    {
        if (result is not QueueOfferResult.Enqueued)
        {
            throw new InvalidOperationException($"the upload stage's queue answered {result}");
        }

        _offering = false;
        SealWhatIsDue();
    }

    private void OnUploaded(SealedUpload upload)
    {
        _inFlight--;
        _lastProgress = _services.Clock.GetTimestamp();
        _services.Cache.MarkUploaded(upload);
        upload.Dispose();
        _nextTrim = 0;
        Trim();
        _services.Wal.Tell(StorageRoomMade.Instance);
        SealWhatIsDue();
        AnswerFlushed();
    }

    // One at a time. A trim that failed, or was cut off by the end of the process, is made up for without waiting for an upload: a full log may take
    // nothing more that could be uploaded.
    private void Trim()
    {
        WalPosition upTo = _services.Cache.UploadedUpTo;
        if (_trimming || upTo <= _trimmedTo || _services.Clock.GetTimestamp() < _nextTrim)
        {
            return;
        }

        _trimming = true;
        _services.WriteAheadLog.TrimAsync(upTo, CancellationToken.None).AsTask().PipeTo(
            Self,
            success: () => new Trimmed(upTo, null),
            failure: cause => new Trimmed(upTo, cause));
    }

    private void OnTrimmed(Trimmed trimmed)
    {
        _trimming = false;
        if (trimmed.Failure is { } cause)
        {
            // Once for as long as it fails; the trace only of what nobody expects.
            if (!_trimFails)
            {
                _trimFails = true;
                UploadLog.TrimFailed(_services.Log, cause is StorageException ? null : cause, cause.Message, TrimAgainAfter);
            }

            _nextTrim = _services.Clock.GetTimestamp() + (long)(TrimAgainAfter.TotalSeconds * _services.Clock.TimestampFrequency);
            return;
        }

        _trimFails = false;
        _trimmedTo = trimmed.UpTo;
        _services.Wal.Tell(StorageRoomMade.Instance);
        Trim();
    }

    private void OnFlush()
    {
        _flushing.Add((Sender, _services.Cache.AddedMark));
        _services.Haste.IsWanted = true;
        SealWhatIsDue();
        AnswerFlushed();
    }

    private void AnswerFlushed()
    {
        long uploaded = _services.Cache.UploadedMark;
        foreach ((IActorRef asker, _) in _flushing.Where(flush => flush.Mark <= uploaded))
        {
            asker.Tell(UploadsFlushed.Instance);
        }

        _flushing.RemoveAll(flush => flush.Mark <= uploaded);
        _services.Haste.IsWanted = _flushing.Count > 0;
    }

    private sealed record Uploaded(SealedUpload Upload);

    private sealed record StreamFailed(ISourceQueueWithComplete<SealedUpload> Queue, Exception Cause);

    private sealed record Trimmed(WalPosition UpTo, Exception? Failure);
}

/// <summary>Something was appended: time to see whether an upload is due.</summary>
internal sealed record UploadCheck
{
    public static readonly UploadCheck Instance = new();
}

/// <summary>Asks to upload at once all that is in the cache now. Answered with <see cref="UploadsFlushed"/>.</summary>
internal sealed record FlushUploads
{
    public static readonly FlushUploads Instance = new();
}

internal sealed record UploadsFlushed
{
    public static readonly UploadsFlushed Instance = new();
}

/// <summary>What the upload stage works with.</summary>
/// <param name="Wal">The WAL stage's actor, which is told when there is room again.</param>
/// <param name="Node">Who uploads.</param>
internal sealed record UploadServices(
    NodeId Node,
    LogCache Cache,
    IWriteAheadLog WriteAheadLog,
    IObjectStore Store,
    MetadataView Metadata,
    PartitionDirectory Partitions,
    IActorRef Coordinator,
    IActorRef Wal,
    StorageOptions Options,
    TimeProvider Clock,
    ILogger Log)
{
    /// <summary>Told while somebody waits for what is not uploaded.</summary>
    public UploadHaste Haste { get; init; } = new();

    /// <summary>Where uploads are counted.</summary>
    public UploadMetrics Metrics { get; init; } = new();
}

internal static partial class UploadLog
{
    [LoggerMessage(EventId = 3101, EventName = "UploadRetrying", Level = LogLevel.Warning, Message = "Upload: {What} failed ({Problem}); it is tried until it succeeds")]
    public static partial void Retrying(ILogger log, string what, string problem);

    [LoggerMessage(EventId = 3102, EventName = "UploadRefused", Level = LogLevel.Warning, Message = "Upload: stream {Stream} was left out ({Reason}): {Detail}")]
    public static partial void Refused(ILogger log, StreamId stream, UploadRefusalReason reason, string detail);

    [LoggerMessage(EventId = 3104, EventName = "UploadStageFailed", Level = LogLevel.Error, Message = "The upload stage failed, and starts anew with all that is not uploaded")]
    public static partial void Broken(ILogger log, Exception cause);

    [LoggerMessage(EventId = 3103, EventName = "WalTrimFailed", Level = LogLevel.Warning, Message = "Trimming the write-ahead log failed ({Problem}); it is tried again every {Delay}")]
    public static partial void TrimFailed(ILogger log, Exception? cause, string problem, TimeSpan delay);
}
