using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Wal;
using Broker.Wire;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>
/// The WAL stage: one a node, shared by its partitions. What arrives while a write is under way goes into the next one
/// (group commit), bounded in bytes; an idle WAL writes at once. A WAL in the bucket, which writes several groups at a time, gathers them itself. Durable batches enter the log cache in WAL order, then
/// their partitions are told. Takes nothing more while the cache is full of what is not uploaded: requests then pile up
/// to the node's memory budget, and sockets are no longer read. That is for a store that is slow. While uploads fail, what
/// would wait is refused.
///
/// W1. Groups are written in order, to a disk one after the other, and acknowledged in order.
/// W2. A batch is in the cache before its partition hears that it is durable.
/// W3. After a refusal nothing more of the same partition and generation is acknowledged. (It may still be on disk:
///     recovery drops what does not begin where its stream ends, see <see cref="WalRecovery"/>.)
/// W4. What waits for room in the cache is refused only while uploads fail, and only when nothing of before it is on its way to
///     the disk: what is written is acknowledged. And with a write that fails, for it would wait for the log to be opened anew.
/// W5. Nothing is forgotten: a broken invariant in one write refuses that one alone; one that ends the stream or a turn has the actor restarted, and all that it
///     held is refused (W3), whatever became of it in the log.
/// </summary>
internal sealed class WalWriterActor : ReceiveActor
{
    // One group waits in the queue, one is merged by the batch stage, one or more are being written: the actor holds what comes after.
    private const int QueuedGroups = 1;

    private readonly IWriteAheadLog _wal;
    private readonly LogCache _cache;
    private readonly StorageOptions _options;
    private readonly ILogger _log;
    private readonly Action<Exception> _onFenced;

    // Never more than the log takes, so that no group fails for the company that its batches are in. A batch that is larger goes alone.
    private readonly long _maxGroupBytes;
    private readonly ISourceQueueWithComplete<WalGroup> _queue;
    private readonly WalVoids _voids;
    private readonly Queue<WalGroup> _waiting = new();

    // Handed to this instance's stream, and not yet back.
    private readonly HashSet<WalGroup> _out = [];
    private readonly List<IActorRef> _draining = [];
    private WalGroup? _lastWaiting;
    private bool _offering;
    private string? _stall;
    private readonly WalRefusals _refusals;
    private int _appendsHeld;
    private long _bytesOut;

    /// <param name="voids">The same for every instance that the restarts of one actor make.</param>
    private WalWriterActor(IWriteAheadLog wal, LogCache cache, StorageOptions options, ILogger log, Action<Exception> onFenced, WalVoids voids, TimeProvider clock)
    {
        (_wal, _cache, _options, _log, _onFenced, _voids, _refusals) = (wal, cache, options, log, onFenced, voids, new WalRefusals(log, clock));
        _maxGroupBytes = Math.Min(options.WalBatchMaxBytes, options.WalAppendBound.AppendBytes);
        IActorRef self = Self;
        _queue = Source.Queue<WalGroup>(QueuedGroups, OverflowStrategy.Backpressure)
            .BatchWeighted(_maxGroupBytes, group => group.LogBytes, group => new WalWrite(group), (write, later) => write.Add(later))
            .SelectAsync(options.WalWritesInFlight, WriteAsync)
            .To(Sink.ForEach<WalGroupsWritten>(written => self.Tell(written, ActorRefs.NoSender)))
            .Run(Context.System.Materializer());
        ISourceQueueWithComplete<WalGroup> queue = _queue;
        queue.WatchCompletionAsync().PipeTo(self, failure: cause => new StreamFailed(queue, cause));

        Receive<WalAppend>(OnAppend);
        Receive<WalGroupsWritten>(OnWritten);
        Receive<Offered>(OnOffered);
        Receive<StorageRoomMade>(_ => OnRoomMade());
        Receive<UploadsStalled>(OnStalled);
        Receive<DrainWal>(_ => OnDrain());
        Receive<StreamFailed>(OnStreamFailed);
    }

    /// <summary>Of one actor, whose restarts share what must outlive them.</summary>
    /// <param name="wal">Recovered.</param>
    /// <param name="cache">Where durable batches go.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="log">For refusals.</param>
    /// <param name="onFenced">Called when another owner has the WAL: this node acknowledges nothing more, and should end.</param>
    /// <param name="clock">Times what is told of refusals.</param>
    public static Props Props(IWriteAheadLog wal, LogCache cache, StorageOptions options, ILogger log, Action<Exception> onFenced, TimeProvider clock)
    {
        WalVoids voids = new();
        return Akka.Actor.Props.Create(() => new WalWriterActor(wal, cache, options, log, onFenced, voids, clock));
    }

    protected override void PreRestart(Exception reason, object message)
    {
        WalLog.Broken(_log, reason);
        string why = $"the write-ahead log's stage failed: {reason.Message}";
        foreach (WalGroup group in _out.Concat(_waiting))
        {
            Refuse(group, why);
        }

        _draining.ForEach(waiting => waiting.Tell(WalDrained.Instance));
        base.PreRestart(reason, message);
    }

    protected override void PostStop() => _queue.Complete();

    private void OnAppend(WalAppend append)
    {
        if (_voids.Contains(append))
        {
            append.Batch.Lease.Release();
            return;
        }

        _appendsHeld++;
        if (_waiting.Count == 0 || !_lastWaiting!.Fits(append, _maxGroupBytes))
        {
            _waiting.Enqueue(_lastWaiting = new WalGroup(_options.WalAppendBound.RecordOverheadBytes));
        }

        _lastWaiting!.Add(append, Sender);
        OfferNext();
        RefuseWhatWaitsInVain();
    }

    private bool IsCacheFull => _cache.UnuploadedBytes + _bytesOut >= _options.LogCacheBytes;

    private void OnRoomMade()
    {
        if (_stall is not null)
        {
            _stall = null;
            WalLog.UploadsResumed(_log);
        }

        OfferNext();
    }

    private void OnStalled(UploadsStalled stalled)
    {
        if (_stall is null)
        {
            WalLog.UploadsStalled(_log, stalled.Problem);
        }

        _stall = stalled.Problem;
        RefuseWhatWaitsInVain();
        TellDrained();
    }

    private void RefuseWhatWaitsInVain()
    {
        if (_stall is null || _bytesOut > 0 || !IsCacheFull)
        {
            return;
        }

        RefuseAllThatWait($"the node holds all that it can of what is not uploaded, and uploads fail: {_stall}");
    }

    private void RefuseAllThatWait(string reason)
    {
        while (_waiting.TryDequeue(out WalGroup? group))
        {
            _appendsHeld -= group.Appends.Count;
            Refuse(group, reason);
        }
    }

    private void OfferNext()
    {
        if (_offering || _waiting.Count == 0 || IsCacheFull)
        {
            return;
        }

        _offering = true;
        WalGroup group = _waiting.Dequeue();
        _bytesOut += group.Bytes;
        _out.Add(group);
        ISourceQueueWithComplete<WalGroup> queue = _queue;
        queue.OfferAsync(group).PipeTo(Self, success: result => new Offered(queue, result), failure: cause => new StreamFailed(queue, cause));
    }

    private void OnOffered(Offered offered)
    {
        if (offered.Queue != _queue)
        {
            return;
        }

        if (offered.Result is not QueueOfferResult.Enqueued)
        {
            throw new InvalidOperationException($"the WAL stage's queue answered {offered.Result}");
        }

        _offering = false;
        OfferNext();
    }

    private void OnStreamFailed(StreamFailed failed)
    {
        if (failed.Queue == _queue)
        {
            throw new InvalidOperationException($"the WAL stage's stream ended: {failed.Cause.Message}", failed.Cause);
        }
    }

    private async Task<WalGroupsWritten> WriteAsync(WalWrite write)
    {
        if (!write.TryBegin())
        {
            return new WalGroupsWritten([], default, null);
        }

        try
        {
            WalPosition last = await _wal.AppendAsync(write.ToRecords(), CancellationToken.None);
            return new WalGroupsWritten(write.Groups, last, null);
        }
        catch (Exception cause)
        {
            // Whatever it is: it would end the stream, and all that is in it would be forgotten.
            return new WalGroupsWritten(write.Groups, default, cause);
        }
        finally
        {
            write.End();
        }
    }

    private void OnWritten(WalGroupsWritten written)
    {
        // All of one instance's: what an earlier one wrote was abandoned.
        if (written.Groups.Count == 0 || !written.Groups.All(_out.Remove))
        {
            return;
        }

        _appendsHeld -= written.Groups.Sum(group => group.Appends.Count);
        _bytesOut -= written.Groups.Sum(group => group.Bytes);
        if (written.Failure is null)
        {
            Acknowledge(written);
        }
        else
        {
            _refusals.Refused(written.Failure, written.Groups.Sum(group => group.Appends.Count));
            foreach (WalGroup group in written.Groups)
            {
                Refuse(group, written.Failure.Message);
            }

            if (written.Failure is StorageException and not WalFullException)
            {
                // It has waited for the write that failed, and would wait for the log to be opened anew now: together longer than clients do.
                RefuseAllThatWait(written.Failure.Message);
            }

            if (written.Failure is StorageException { Kind: StorageErrorKind.Fenced } fenced)
            {
                _onFenced(fenced);
            }
        }

        OfferNext();
        RefuseWhatWaitsInVain();
        TellDrained();
    }

    private void Acknowledge(WalGroupsWritten written)
    {
        Dictionary<StreamId, (WalAppend Last, IActorRef Partition)> durable = [];
        List<(WalRefused Refusal, IActorRef Partition)> refused = [];
        long position = written.Last.Value - written.Groups.Sum(group => group.Appends.Count);
        foreach ((WalAppend append, IActorRef partition) in written.Groups.SelectMany(group => group.Appends))
        {
            position++;
            if (_voids.Contains(append))
            {
                append.Batch.Lease.Release();
            }
            else if (TryCache(append, new WalPosition(position)) is { } broken)
            {
                _voids.Add(append);
                refused.Add((new WalRefused(append.Generation, ErrorCode.KafkaStorageError, broken.Message), partition));
            }
            else
            {
                durable[append.Stream] = (append, partition);
            }
        }

        foreach ((WalAppend last, IActorRef partition) in durable.Values)
        {
            partition.Tell(new WalAppended(last.Batch.LastOffset + 1, last.Generation));
        }

        refused.ForEach(one => one.Partition.Tell(one.Refusal));
        if (refused.Count == 0)
        {
            _refusals.Accepted();
        }
    }

    // Null: it is there. Else nothing is, but for the batches before it; and who asks for the next one hears so.
    private InvalidOperationException? TryCache(WalAppend append, WalPosition position)
    {
        try
        {
            _cache.Append(append.Stream, append.Batch with { Position = position });
            return null;
        }
        catch (InvalidOperationException broken)
        {
            append.Batch.Lease.Release();
            _refusals.Refused(broken, 1);
            return broken;
        }
    }

    private void Refuse(WalGroup group, string reason)
    {
        foreach ((WalAppend append, IActorRef partition) in group.Appends)
        {
            if (_voids.Add(append))
            {
                partition.Tell(new WalRefused(append.Generation, ErrorCode.KafkaStorageError, reason));
            }
        }

        group.Abandon();
    }

    private void OnDrain()
    {
        _draining.Add(Sender);
        TellDrained();
    }

    private void TellDrained()
    {
        if (_appendsHeld == 0)
        {
            _draining.ForEach(waiting => waiting.Tell(WalDrained.Instance));
            _draining.Clear();
        }
    }

    private sealed record Offered(ISourceQueueWithComplete<WalGroup> Queue, IQueueOfferResult Result);

    private sealed record StreamFailed(ISourceQueueWithComplete<WalGroup> Queue, Exception Cause);
}
