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
    // By epoch as well: a partition that is opened anew counts its generations from the start.
    private readonly Dictionary<StreamId, (LeaderEpoch Epoch, int Generation)> _voidGenerations = [];
    private readonly Queue<WalGroup> _waiting = new();
    private readonly List<IActorRef> _draining = [];
    private WalGroup? _lastWaiting;
    private bool _offering;
    private string? _stall;
    private Type? _refusedBecause;
    private long _refusedBatches;
    private int _appendsHeld;
    private long _bytesOut;

    /// <param name="wal">Recovered.</param>
    /// <param name="cache">Where durable batches go.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="log">For refusals.</param>
    /// <param name="onFenced">Called when another owner has the WAL: this node acknowledges nothing more, and should end.</param>
    public WalWriterActor(IWriteAheadLog wal, LogCache cache, StorageOptions options, ILogger log, Action<Exception> onFenced)
    {
        (_wal, _cache, _options, _log, _onFenced) = (wal, cache, options, log, onFenced);
        _maxGroupBytes = Math.Min(options.WalBatchMaxBytes, options.WalAppendBound.AppendBytes);
        IActorRef self = Self;
        _queue = Source.Queue<WalGroup>(QueuedGroups, OverflowStrategy.Backpressure)
            .BatchWeighted(_maxGroupBytes, group => group.LogBytes, group => group, (earlier, later) => earlier.Merge(later))
            .SelectAsync(options.WalWritesInFlight, WriteAsync)
            .To(Sink.ForEach<WalGroupWritten>(written => self.Tell(written, ActorRefs.NoSender)))
            .Run(Context.System.Materializer());

        Receive<WalAppend>(OnAppend);
        Receive<WalGroupWritten>(OnWritten);
        Receive<IQueueOfferResult>(OnOffered);
        Receive<StorageRoomMade>(_ => OnRoomMade());
        Receive<UploadsStalled>(OnStalled);
        Receive<DrainWal>(_ => OnDrain());
        Receive<Status.Failure>(failure => throw new InvalidOperationException("the WAL stage's stream ended", failure.Cause));
    }

    protected override void PostStop() => _queue.Complete();

    private void OnAppend(WalAppend append)
    {
        if (IsVoid(append))
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
        _queue.OfferAsync(group).PipeTo(Self);
    }

    private void OnOffered(IQueueOfferResult result)
    {
        if (result is not QueueOfferResult.Enqueued)
        {
            throw new InvalidOperationException($"the WAL stage's queue answered {result}");
        }

        _offering = false;
        OfferNext();
    }

    private async Task<WalGroupWritten> WriteAsync(WalGroup group)
    {
        try
        {
            WalPosition last = await _wal.AppendAsync(group.ToRecords(), CancellationToken.None);
            return new WalGroupWritten(group, last, null);
        }
        catch (StorageException cause)
        {
            return new WalGroupWritten(group, default, cause);
        }
    }

    private void OnWritten(WalGroupWritten written)
    {
        _appendsHeld -= written.Group.Appends.Count;
        _bytesOut -= written.Group.Bytes;
        if (written.Failure is null)
        {
            LogAccepted();
            Acknowledge(written);
        }
        else
        {
            LogRefused(written.Failure, written.Group.Appends.Count);
            Refuse(written.Group, written.Failure.Message);
            if (written.Failure is not WalFullException)
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

    private void Acknowledge(WalGroupWritten written)
    {
        Dictionary<StreamId, (WalAppend Last, IActorRef Partition)> durable = [];
        long position = written.Last.Value - written.Group.Appends.Count;
        foreach ((WalAppend append, IActorRef partition) in written.Group.Appends)
        {
            position++;
            if (IsVoid(append))
            {
                append.Batch.Lease.Release();
                continue;
            }

            _cache.Append(append.Stream, append.Batch with { Position = new WalPosition(position) });
            durable[append.Stream] = (append, partition);
        }

        foreach ((WalAppend last, IActorRef partition) in durable.Values)
        {
            partition.Tell(new WalAppended(last.Batch.LastOffset + 1, last.Generation));
        }
    }

    // Clients try again many times a second: told are the first refusal, and that a log which was full has failed or the other way round.
    private void LogRefused(Exception cause, int batches)
    {
        _refusedBatches += batches;
        if (_refusedBecause != cause.GetType())
        {
            _refusedBecause = cause.GetType();
            WalLog.Refused(_log, cause.Message);
        }
    }

    private void LogAccepted()
    {
        if (_refusedBecause is not null)
        {
            WalLog.Accepts(_log, _refusedBatches);
            (_refusedBecause, _refusedBatches) = (null, 0);
        }
    }

    private void Refuse(WalGroup group, string reason)
    {
        foreach ((WalAppend append, IActorRef partition) in group.Appends)
        {
            append.Batch.Lease.Release();
            if (!IsVoid(append))
            {
                _voidGenerations[append.Stream] = (append.Batch.Epoch, append.Generation);
                partition.Tell(new WalRefused(append.Generation, ErrorCode.KafkaStorageError, reason));
            }
        }
    }

    private bool IsVoid(WalAppend append) =>
        _voidGenerations.TryGetValue(append.Stream, out (LeaderEpoch Epoch, int Generation) refused)
        && (append.Batch.Epoch < refused.Epoch || (append.Batch.Epoch == refused.Epoch && append.Generation <= refused.Generation));

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
}
