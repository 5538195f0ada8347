using System.Buffers;
using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>
/// Leads one partition under one leader epoch: numbers its records, remembers its producers, and knows what of it is
/// durable. Reads and appends are turns; disk and store answer by message. Opens by loading the producers' state; until
/// then requests wait.
///
/// P1. Offsets are given out without gaps, in the order of arrival; the high watermark is the durable end.
/// P2. An append is answered with success only when it and everything before it is durable.
/// P3. When the WAL refuses an append, every later one that was numbered after it is refused as well, and their numbers
///     are given out again (the generation tells the WAL which appends are void).
/// P4. A repeated batch of the last five of its producer is answered with its first offsets, never appended again, also
///     after a restart: the state stored with an upload holds every batch of that upload.
/// P5. From the answer to a hand-over on, nothing is appended under this epoch, unless whoever asked for it says that it did not take place.
/// P6. That a batch does not follow its producer's last one, or that an offset is out of range, is said only when the store tells, after the request came, that nobody else leads.
/// P7. After another leader, a producer that is not known begins at sequence 0, for as long as its client may wait for the one before with its first batches.
/// </summary>
internal sealed partial class PartitionActor : UntypedActor, IWithUnboundedStash, IWithTimers
{
    private const string Unsure = "it is not known whether this node leads the partition still";

    private readonly PartitionServices _services;
    private readonly OpenedPartition _opened;

    /// <summary>Whether clients write here, and not only the broker itself.</summary>
    private readonly bool _isClients;
    private readonly PendingAppends _pending = new();
    private readonly Watchers _watchers = new();
    private readonly DoubtedRefusals _doubted;
    private readonly List<IActorRef> _awaitingOpen = [];
    private readonly List<(IActorRef Uploader, Offset End)> _capturing = [];
    private TopicConfig _config;
    private ProducerTable _producers = new();
    private Offset _logStart;
    private Offset _highWatermark;
    private Offset _next;
    private int _generation;

    /// <summary>What the newest word from the WAL made durable.</summary>
    private long _durableBytes;

    private long _durableRecords;

    /// <summary>Why nothing can be appended: the producers' state, without which repeated batches are not known, is damaged. Null otherwise.</summary>
    private string? _readOnlyBecause;

    public PartitionActor(OpenedPartition opened, TopicConfig config, PartitionServices services)
    {
        (_opened, _config, _services) = (opened, config, services);
        _logStart = opened.LogStart;
        _doubted = new DoubtedRefusals(services.Metadata);
        _isClients = !InternalTopics.Contains(opened.Name.Topic);
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop()
    {
        _pending.FailAll(ErrorCode.NotLeaderOrFollower, "the partition closed");
        _doubted.FailAll();
        _watchers.TellAll();
        TellOpened(new OperationCanceledException("the partition closed"));
    }

    private void Serving(object message)
    {
        switch (message)
        {
            case Append append:
                OnAppend(append);
                break;
            case Read read:
                OnRead(read);
                break;
            case WalAppended appended:
                OnAppended(appended);
                break;
            case WalRefused refused:
                OnRefused(refused);
                break;
            case LookUpOffset lookUp:
                OnLookUp(lookUp);
                break;
            case MetadataConfirmed confirmed:
                _doubted.OnConfirmed(Self, confirmed);
                break;
            case Watch watch:
                _watchers.Add(Sender, watch.Tag, watch.DueMark);
                break;
            case Unwatch unwatch:
                _watchers.Remove(Sender, unwatch.RequestKey);
                break;
            case CaptureProducerState capture when capture.End > _highWatermark:
                _capturing.Add((Sender, capture.End));
                break;
            case CaptureProducerState:
                Sender.Tell(EncodeProducers());
                break;
            case TopicConfigChanged changed:
                _config = changed.Config;
                break;
            case LogStartMoved moved:
                _logStart = Offset.Max(_logStart, moved.LogStart);
                break;
            case AwaitOpen:
                Sender.Tell(new PartitionOpened(_opened.Stream, null));
                break;
            default:
                if (!OnHandOver(message) && (_readOnlyBecause is null || !OnReadOnly(message)))
                {
                    Unhandled(message);
                }

                break;
        }
    }

    private void OnAppend(Append append)
    {
        if (_isHandedOver)
        {
            Stash.Stash();
            return;
        }

        if (_readOnlyBecause is not null)
        {
            Refuse(append, ErrorCode.KafkaStorageError, _readOnlyBecause);
            return;
        }

        BatchVerdict admission = BatchAdmission.Check(append.Records, _config, _services.WalBound, append.IsInternal, NowMs());
        if (admission.Error != ErrorCode.None)
        {
            Refuse(append, admission.Error, admission.Message, admission.Records);
            return;
        }

        ProducerBatch batch = Numbered(new RecordBatchView(append.Records.Span), _next);
        SequenceVerdict verdict = SequenceVerdict.Accepted;
        ProducerBatch original = default;
        if (batch.ProducerId >= 0)
        {
            verdict = _producers.Check(batch, out original);
        }

        switch (verdict)
        {
            case SequenceVerdict.Duplicate:
                append.Frame.Release();
                AnswerDuplicate(append.Tag, original);
                break;
            case SequenceVerdict.OutOfOrder:
                RefuseForGood(append, ErrorCode.OutOfOrderSequenceNumber, $"producer {batch.ProducerId} sent sequence {batch.BaseSequence}, which does not follow its last one");
                break;
            case SequenceVerdict.StaleEpoch:
                RefuseForGood(append, ErrorCode.InvalidProducerEpoch, $"producer {batch.ProducerId} has a newer epoch than {batch.ProducerEpoch}");
                break;
            case SequenceVerdict.Unknown when MayHaveSentBefore():
                Refuse(append, ErrorCode.NotLeaderOrFollower, $"producer {batch.ProducerId} is not known and sent sequence {batch.BaseSequence}: what it sent to the leader before comes first");
                break;
            default:
                // Kafka takes any sequence of a producer it does not know: it may have been forgotten by expiration.
                Accept(append, batch);
                break;
        }
    }

    private void Accept(Append append, in ProducerBatch batch)
    {
        long stampMs = -1;
        if (_config.UsesLogAppendTime && !append.IsInternal)
        {
            stampMs = NowMs();
            RecordBatchPatcher.SetLogAppendTime(append.Records.Span, stampMs);
        }

        RecordBatchPatcher.SetBaseOffset(append.Records.Span, batch.BaseOffset.Value);
        RecordBatchPatcher.SetPartitionLeaderEpoch(append.Records.Span, _opened.Epoch.Value);
        if (batch.ProducerId >= 0)
        {
            _producers.Append(batch);
        }

        _pending.Add(new PendingAppend(Sender, append.Tag, batch, stampMs, append.Records.Length));
        _next = batch.LastOffset + 1;
        RecordBatchView numbered = new(append.Records.Span);
        CachedBatch cached = new(
            batch.BaseOffset, batch.LastOffset, _opened.Epoch, numbered.MaxTimestamp, append.Records, numbered.ChecksumOfAll(), append.Frame, default);
        _services.Wal.Tell(new WalAppend(_opened.Stream, cached, _generation), Self);
    }

    private void AnswerDuplicate(ReplyTag tag, in ProducerBatch original)
    {
        PendingAppend answer = new(Sender, tag, original, -1, 0);
        if (original.LastOffset < _highWatermark)
        {
            Succeed(answer);
        }
        else
        {
            _pending.AddRepeated(answer);
        }
    }

    private void Refuse(Append append, ErrorCode error, string? problem, IReadOnlyList<RecordError>? records = null)
    {
        append.Frame.Release();
        Sender.Tell(new AppendReply(append.Tag, error, -1, -1, _logStart.Value, problem) { Records = records ?? [] });
    }

    private void RefuseForGood(Append append, ErrorCode error, string problem)
    {
        append.Frame.Release();
        AppendReply reply = new(append.Tag, error, -1, -1, _logStart.Value, problem);
        _doubted.Add(Self, Sender, reply, reply with { Error = ErrorCode.NotLeaderOrFollower, Message = Unsure });
    }

    private void OnAppended(WalAppended appended)
    {
        if (appended.Generation != _generation || appended.End <= _highWatermark)
        {
            return;
        }

        _highWatermark = appended.End;
        (_durableBytes, _durableRecords) = (0, 0);
        _pending.Complete(_highWatermark, MarkDurable, Succeed);
        _watchers.Advance(_durableBytes);
        _opened.Load.Add(_durableBytes);
        if (_isClients)
        {
            _services.Traffic.Produced(_durableBytes, _durableRecords);
        }

        AnswerCaptures();
        AnswerHandOver();
    }

    private void AnswerCaptures()
    {
        foreach ((IActorRef uploader, _) in _capturing.Where(capture => capture.End <= _highWatermark))
        {
            uploader.Tell(EncodeProducers());
        }

        _capturing.RemoveAll(capture => capture.End <= _highWatermark);
    }

    private ProducerState EncodeProducers()
    {
        _wasCapturedReadOnly |= _readOnlyBecause is not null;
        _producers.Expire(NowMs() - (long)_services.Topics.ProducerIdExpiration.TotalMilliseconds);
        return new ProducerState(ProducerStateCodec.Encode(_producers));
    }

    private void MarkDurable(PendingAppend append)
    {
        _durableBytes += append.SizeBytes;
        _durableRecords += append.Batch.LastOffset.Value - append.Batch.BaseOffset.Value + 1;
        if (append.Batch.ProducerId >= 0)
        {
            _producers.MarkDurable(append.Batch);
        }
    }

    private void Succeed(PendingAppend append) =>
        append.ReplyTo.Tell(new AppendReply(append.Tag, ErrorCode.None, append.Batch.BaseOffset.Value, append.LogAppendTimeMs, _logStart.Value));

    private void OnRefused(WalRefused refused)
    {
        if (refused.Generation == _generation)
        {
            _generation++;
            _next = _highWatermark;
            _producers.Rollback(_highWatermark);
            _pending.FailAll(refused.Error, refused.Reason);
            AnswerHandOver();
        }
    }

    private void OnRead(Read read)
    {
        ErrorCode error = CheckEpoch(read.LeaderEpoch);
        if (error == ErrorCode.None && (read.From < _logStart || read.From > _highWatermark))
        {
            ReadReply reply = new(read.Tag, ErrorCode.OffsetOutOfRange, _highWatermark, _logStart, ReadOnlySequence<byte>.Empty, null) { Mark = _watchers.Mark };
            _doubted.Add(Self, Sender, reply, reply with { Error = ErrorCode.NotLeaderOrFollower });
            return;
        }

        if (error != ErrorCode.None || read.From == _highWatermark || read.MaxBytes == 0)
        {
            if (error == ErrorCode.None && read.WatchBytes > 0 && read.From == _highWatermark)
            {
                _watchers.Add(Sender, read.Tag, _watchers.Mark + read.WatchBytes);
            }

            Sender.Tell(new ReadReply(read.Tag, error, _highWatermark, _logStart, ReadOnlySequence<byte>.Empty, null) { Mark = _watchers.Mark });
            return;
        }

        if (read.From < CleanableEnd())
        {
            ReadHistory(read);
            return;
        }

        CacheReadResult cached = _services.Cache.Read(_opened.Stream, read.From, read.MaxBytes);
        switch (cached.Status)
        {
            case CacheReadStatus.Hit:
                IReadOnlyList<CachedBatch> shown = UpToHighWatermark(cached.Batches);
                _opened.Load.Add(shown.Sum(batch => (long)batch.Payload.Length));
                Sender.Tell(new ReadReply(read.Tag, ErrorCode.None, _highWatermark, _logStart, Sequences.Of(shown), cached) { Mark = _watchers.Mark, Offsets = shown[^1].LastOffset.Value + 1 - read.From.Value });
                break;
            case CacheReadStatus.Damaged:
                UnreadableOffsetsException damage = StorageErrors.DamageOf(cached);
                error = StorageErrors.OnRead(_services, _opened.Name, damage);
                Sender.Tell(new ReadReply(read.Tag, error, _highWatermark, _logStart, ReadOnlySequence<byte>.Empty, null) { Mark = _watchers.Mark, UnreadableEnd = damage.End });
                break;
            default:
                ReadHistory(read);
                break;
        }
    }

    private Offset CleanableEnd() => _services.History.CleanableEnd(_opened.Stream, _config.IsCompacted);

    // Batches are in the cache before this actor hears that they are durable: who was shown them would ask for what comes behind, which is out of range yet.
    private IReadOnlyList<CachedBatch> UpToHighWatermark(IReadOnlyList<CachedBatch> batches) =>
        batches[^1].LastOffset < _highWatermark ? batches : [.. batches.TakeWhile(batch => batch.LastOffset < _highWatermark)];

    private void ReadHistory(Read read)
    {
        (Offset highWatermark, Offset logStart, long mark) = (_highWatermark, _logStart, _watchers.Mark);
        PartitionLoad load = _opened.Load;
        _services.History.ReadAsync(_opened.Stream, read.From, read.MaxBytes, CancellationToken.None).PipeTo(
            Sender,
            Self,
            success: found =>
            {
                load.Add(found.Records.Length);
                return new ReadReply(read.Tag, ErrorCode.None, highWatermark, logStart, found.Records, found.Resources) { HeldBytes = found.HeldBytes, Mark = mark, Offsets = found.Next.Value - read.From.Value };
            },
            failure: cause => new ReadReply(read.Tag, StorageErrors.OnRead(_services, _opened.Name, cause), highWatermark, logStart, ReadOnlySequence<byte>.Empty, null)
            {
                UnreadableEnd = (cause as UnreadableOffsetsException)?.End,
            });
    }

    private void OnLookUp(LookUpOffset lookUp)
    {
        ErrorCode error = CheckEpoch(lookUp.LeaderEpoch);
        if (error != ErrorCode.None)
        {
            Sender.Tell(new OffsetReply(lookUp.Tag, error, -1, -1, -1));
            return;
        }

        OffsetSearch search = new(_services, _opened, _logStart, _highWatermark, CleanableEnd());
        search.FindAsync(lookUp).PipeTo(
            Sender,
            Self,
            failure: cause => new OffsetReply(lookUp.Tag, StorageErrors.OnRead(_services, _opened.Name, cause), -1, -1, -1));
    }

    private ErrorCode CheckEpoch(int clientEpoch) =>
        clientEpoch < 0 || clientEpoch == _opened.Epoch.Value ? ErrorCode.None
        : clientEpoch < _opened.Epoch.Value ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch;

    // A producer is forgotten so long after it was last heard of. Its records' own timestamps do not tell when that was:
    // one that copies years of history would be forgotten at once, and its repeated batches taken for new ones.
    private ProducerBatch Numbered(in RecordBatchView batch, Offset baseOffset) => new(
        batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.LastSequence, baseOffset, baseOffset + batch.LastOffsetDelta, NowMs());

    private long NowMs() => _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
}
